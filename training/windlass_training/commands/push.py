import argparse
from pathlib import Path

from windlass_training.commands.arguments import Commands, command

DESCRIPTION = """\
Uploads a bundle under a prefix. Every file is checked against model.json first, and model.json goes up last, so that a
bundle is there as a whole or not at all. A prefix that holds another version's bytes is refused without --force:
a new version belongs under a new prefix. With --force the files go into a folder of their own, and what was there can
be read as a whole until model.json, the last write, names them; files of pushes before the last are then removed.

Keys, region and endpoint come from the environment, as for any AWS tool: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_PROFILE.

examples:
  windlass-train push build/bankchurn s3://models/bankchurn/3/
  windlass-train push build/bankchurn s3://models/bankchurn/3/ --endpoint-url http://minio.storage:9000"""


def add(commands: Commands) -> None:
    parser = command(commands, "push", "upload a bundle to S3", DESCRIPTION)
    parser.add_argument("bundle", type=Path, metavar="DIR", help="folder of the bundle")
    parser.add_argument("destination", metavar="s3://BUCKET/PREFIX/", help="where it goes")
    parser.add_argument("--endpoint-url", metavar="URL", help="of an S3 server other than AWS")
    parser.add_argument("--force", action="store_true", help="replace the bundle that is there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.push import push

    push(options.bundle, options.destination, options.endpoint_url, options.force)
