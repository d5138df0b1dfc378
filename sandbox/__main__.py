"""`python -m sandbox`: serve the sandbox web until SIGTERM, and write the sources that crawl it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from sandbox.content import load_content, with_stories
from sandbox.reading import ContentError
from sandbox.server import fast_clock, open_sandbox, real_clock, serve
from sandbox.site import DEFAULT_PORT
from sandbox.sources import write_sources


def moment(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="first port; 0 takes free ones")
    parser.add_argument("--anchor", type=moment, help="the start moment, ISO 8601; default: now")
    parser.add_argument("--speed", type=float, help="start the clock at the anchor and run it this fast")
    parser.add_argument("--sources", type=Path, help="write the source records to this YAML file")
    parser.add_argument("--every", type=float, default=0.25, help="minutes between crawls in the records")
    parser.add_argument(
        "--stories", type=Path, help="a YAML file of more stories, shaped like those of sandbox/content"
    )
    given = parser.parse_args(arguments)
    anchor = given.anchor or real_clock()
    clock = fast_clock(anchor, given.speed) if given.speed else real_clock
    try:
        content = with_stories(load_content(), given.stories) if given.stories else None
        sandbox = open_sandbox(anchor, port=given.port, clock=clock, content=content)
    except (ContentError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    if given.sources:
        write_sources(sandbox.sources(given.every), given.sources)
    for code, site in sandbox.sites.items():
        print(f"{code:8} {site.base}/  {site.name} ({site.family})", flush=True)
    serve(sandbox)
    return 0


if __name__ == "__main__":
    sys.exit(main())
