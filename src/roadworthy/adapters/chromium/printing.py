"""Pages on paper, by a Chromium that is installed, without a window and without network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from roadworthy.errors import Unavailable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
LONGEST_S = 120.0


def print_pdf(html: str, pdf: Path, *, browser: str = "") -> None:
    """Write a page as PDF, in the paper size that its style names. Written twice, the later one stays.

    Nothing is fetched: the page is a file, host names lead nowhere, and scripts of a page are its own to
    forbid. The browser keeps its profile in a folder that is gone afterwards.

    Errors: ``Unavailable`` RW-ASSESS-007 where no browser is found, RW-ASSESS-008 where it does not print.
    """
    found = shutil.which(browser) if browser else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise Unavailable(
            "RW-ASSESS-007",
            f"no browser `{browser}` to print with"
            if browser
            else "no Chromium is installed to print with",
            retry_is_safe=True,
            hint="install Chromium, or open the page in any browser and print it to a file",
        )
    with tempfile.TemporaryDirectory(prefix="roadworthy-print-", ignore_cleanup_errors=True) as folder:
        page, made = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        words = [
            found,
            "--headless",
            # A page of ours, without script and without network; containers rarely allow the sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-extensions",
            "--no-first-run",
            "--no-pdf-header-footer",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--disable-background-networking",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={made}",
            page.as_uri(),
        ]
        try:
            subprocess.run(words, capture_output=True, timeout=LONGEST_S, check=False)  # noqa: S603 - no shell, fixed words
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise _no_paper(type(fault).__name__) from None
        if not made.is_file() or not made.read_bytes().startswith(b"%PDF-"):
            raise _no_paper("it wrote no PDF")
        shutil.copyfile(made, pdf)


def _no_paper(why: str) -> Unavailable:
    return Unavailable(
        "RW-ASSESS-008",
        f"the browser did not print the page: {why}",
        retry_is_safe=True,
        hint="open the page in a browser and print it to a file",
    )
