"""Writes pillow-answers.ts: small pictures of every kind, and what Pillow makes of them.

Run with a Python that has Pillow and NumPy, from the repository's root:
    python runtime/image/pillow-answers.py && npx prettier --write runtime/image/pillow-answers.ts
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

WIDTH, HEIGHT = 20, 14
FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Of the last four all but the second shrink so much more in height that Pillow makes the columns first.
SIZES = ((16, 12), (90, 70), (61, 20), (25, 47), (1, 1), (60, 46), (60, 12), (44, 13), (45, 13), (90, 20))


def formula(width, height, channels):
    """The same picture in any language: test-pictures.ts has it too."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((x * 37 + y * 59 + c * 83 + (x * y) % 97 * 3) % 256).astype(np.uint8)


def smooth(channels):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x * 12, y * 17, x * 5 + y * 8, 255 - x * 9]
    return np.stack(planes[:channels], -1).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, extra=b""):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def deep(channels):
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:channels]
    return [row.tobytes() for row in ((x * 3001 + y * 1709 + c * 811) % 65536).astype(">u2")]


def save(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def pictures():
    rgb = Image.fromarray(smooth(3))
    rgba = Image.fromarray(smooth(4), "RGBA")
    other = Image.fromarray(255 - smooth(3))
    jpeg = {"format": "JPEG", "quality": 85, "optimize": True}
    webp = {"format": "WEBP", "exact": True}
    png_ = {"format": "PNG", "optimize": True}

    def turned(orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        return exif

    yield "jpeg 4:2:0", save(rgb, **jpeg)
    yield "jpeg 4:2:2", save(rgb, **jpeg, subsampling=1)
    yield "jpeg 4:4:4", save(rgb, **jpeg, subsampling=0)
    yield "jpeg progressive", save(rgb, **jpeg, progressive=True)
    yield "jpeg with restarts", save(rgb, **jpeg, restart_marker_rows=1)
    yield "jpeg grey", save(rgb.convert("L"), **jpeg)
    yield "jpeg cmyk", save(Image.fromarray(smooth(4), "CMYK"), **jpeg)
    for orientation in (2, 3, 4, 5, 6, 7, 8):
        yield f"jpeg turned {orientation}", save(rgb, **jpeg, exif=turned(orientation))
    yield "png", save(rgb, **png_)
    yield "png turned", save(rgb, **png_, exif=turned(6))
    yield "png with alpha", save(rgba, **png_)
    yield "png grey", save(rgb.convert("L"), **png_)
    yield "png grey with alpha", save(rgba.convert("LA"), **png_)
    yield "png palette", save(rgb.quantize(13), **png_)
    yield "png palette with transparency", save(rgb.quantize(8), **png_, transparency=2)
    yield "png bits", save(rgb.convert("1"), **png_)
    nibbles = formula(WIDTH // 2, HEIGHT, 1)[:, :, 0]
    yield "png grey of 4 bits", png(4, 0, [row.tobytes() for row in nibbles])
    yield "png rgb of 16 bits", png(16, 2, deep(3))
    yield "png rgb of 16 bits with alpha", png(16, 6, deep(4))
    yield "png grey of 16 bits with alpha", png(16, 4, deep(2))
    rows = [row.tobytes() for row in smooth(3)]
    yield "png with gamma", png(8, 2, rows, chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "png animated", save(rgb, format="PNG", save_all=True, append_images=[other])
    yield "webp", save(rgb, **webp, quality=80)
    yield "webp lossless", save(rgb, **webp, lossless=True)
    yield "webp with alpha", save(rgba, **webp, lossless=True)
    yield "webp turned", save(rgb, **webp, lossless=True, exif=turned(8))
    yield "webp animated", save(rgb, **webp, lossless=True, save_all=True, append_images=[other])


def digest(image):
    return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def decoded():
    for name, data in pictures():
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        width, height = image.size
        text = base64.b64encode(data).decode()
        yield f"{name}|{width}|{height}|{digest(image)}|{text}"


def resized():
    source = Image.fromarray(formula(61, 47, 3))
    for name, resample in FILTERS.items():
        for width, height in SIZES:
            answer = source.resize((width, height), resample)
            yield f"{name}|{width}|{height}|{digest(answer)}"


def main():
    lines = [
        "// Written by pillow-answers.py; not by hand.",
        f"export const PILLOW = '{PIL.__version__}';",
        "/** name, width, height, sha256 of what convert('RGB') of the upright picture has, and the picture in base64. */",
        f"export const DECODED = {json.dumps(list(decoded()))} as const;",
        "/** filter, width, height, sha256 of what resize makes of the formula's picture of 61 x 47. */",
        f"export const RESIZED = {json.dumps(list(resized()))} as const;",
    ]
    pathlib.Path(__file__).with_suffix(".ts").write_text("\n".join(lines) + "\n")


main()
