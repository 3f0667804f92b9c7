"""As much of S3 as a push and a retraining need, in memory: objects, lists, multipart uploads, conditional writes, and
the order of what came."""

import datetime
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BUCKET = "models"
EPOCH = datetime.datetime(2026, 1, 1)
"""When what was never put was written."""


class S3Server:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.versions: dict[str, dict[str, bytes]] = {}
        """Key -> version, counted from 1 -> what was put; emptied by a test whose bucket keeps none."""
        self.now = EPOCH
        """Moves on by a second with each write."""
        self.modified: dict[str, datetime.datetime] = {}
        self.conditional = True
        """Without it a conditional write is NotImplemented, as with some S3 servers."""
        self.parts: dict[str, dict[int, bytes]] = {}
        self.written: list[str] = []
        """"PUT key" and "DELETE key", in the order in which they took effect."""
        self.multipart: list[str] = []
        self.fail_key: str | None = None
        """What would change this key is answered with 403."""
        server = self

        class Bound(Handler):
            store = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "S3Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content
        versions = self.versions.setdefault(key, {})
        versions[f"{len(versions) + 1}"] = content
        self.now += datetime.timedelta(seconds=1)
        self.modified[key] = self.now
        self.written.append(f"PUT {key}")

    def stored(self, key: str, query: dict[str, list[str]]) -> bytes | None:
        if "versionId" in query:
            return self.versions.get(key, {}).get(query["versionId"][0])
        return self.objects.get(key)


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


class Handler(BaseHTTPRequestHandler):
    store: S3Server
    protocol_version = "HTTP/1.1"

    def address(self) -> tuple[str, str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return bucket, key, parse_qs(parts.query, keep_blank_values=True)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def do_GET(self) -> None:
        bucket, key, query = self.address()
        if bucket != BUCKET:
            self.refuse(404, "NoSuchBucket")
        elif "list-type" in query:
            self.answer(200, self.listing(query["prefix"][0]))
        elif (content := self.store.stored(key, query)) is None:
            self.refuse(404, "NoSuchVersion" if "versionId" in query else "NoSuchKey")
        else:
            self.answer(200, content, ETag=etag(content))

    def do_HEAD(self) -> None:
        bucket, key, query = self.address()
        content = self.store.stored(key, query) if bucket == BUCKET else None
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("ETag", '"object"')
        self.end_headers()

    def listing(self, prefix: str) -> bytes:
        entries = [
            f"<Contents><Key>{key}</Key><Size>{len(content)}</Size>"
            f"<LastModified>{self.store.modified.get(key, EPOCH).isoformat()}Z</LastModified></Contents>"
            for key, content in sorted(self.store.objects.items())
            if key.startswith(prefix)
        ]
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(entries)}</ListBucketResult>".encode()

    def do_PUT(self) -> None:
        bucket, key, query = self.address()
        content = self.body()
        if bucket != BUCKET:
            self.refuse(404, "NoSuchBucket")
        elif key == self.store.fail_key:
            self.refuse(403, "AccessDenied")
        elif "uploadId" in query:
            self.store.parts[query["uploadId"][0]][int(query["partNumber"][0])] = content
            self.answer(200, ETag='"part"')
        elif self.refuses_condition(key):
            pass
        else:
            self.store.put(key, content)
            self.answer(200, ETag='"object"')

    def refuses_condition(self, key: str) -> bool:
        present = self.store.objects.get(key)
        expected, absent = self.headers.get("If-Match"), self.headers.get("If-None-Match") == "*"
        if not self.store.conditional and (expected or absent):
            self.refuse(501, "NotImplemented")
        elif expected and present is None:
            self.refuse(404, "NoSuchKey")
        elif (absent and present is not None) or (expected and present is not None and expected != etag(present)):
            self.refuse(412, "PreconditionFailed")
        else:
            return False
        return True

    def do_POST(self) -> None:
        _, key, query = self.address()
        self.body()
        if "uploads" in query:
            self.store.multipart.append(key)
            self.store.parts[key] = {}
            result = f"<InitiateMultipartUploadResult><UploadId>{key}</UploadId></InitiateMultipartUploadResult>"
        else:
            parts = self.store.parts.pop(query["uploadId"][0])
            self.store.put(key, b"".join(parts[number] for number in sorted(parts)))
            result = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
        self.answer(200, result.encode())

    def do_DELETE(self) -> None:
        _, key, _ = self.address()
        if key == self.store.fail_key:
            self.refuse(403, "AccessDenied")
            return
        self.store.objects.pop(key, None)
        self.store.written.append(f"DELETE {key}")
        self.answer(204)

    def log_message(self, *_: Any) -> None:
        """Says nothing: the tests' output is for results."""
