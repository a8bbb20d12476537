"""Takes the README's picture: the first dossier of a run, as a PNG of few colours.

python docs/pictures/take.py OUT [RANK]
"""

import base64
import csv
import shutil
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1560, 1180
_READ = """async (url) => {
    const image = new Image(); image.src = url; await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width; canvas.height = image.height;
    const pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, image.width, image.height).data;
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768)
        text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text); }"""


def pixels(page: Path) -> npt.NDArray[np.uint8]:
    """The dossier as a browser shows it: height x width x (red, green, blue)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.as_uri())
        tab.wait_for_selector("body[data-ready=yes]")
        tab.wait_for_timeout(300)
        shot = base64.b64encode(tab.screenshot()).decode()
        blank = browser.new_page()
        raw = blank.evaluate(_READ, f"data:image/png;base64,{shot}")
        browser.close()
    four = np.frombuffer(base64.b64decode(raw), dtype=np.uint8).reshape(HEIGHT, WIDTH, 4)
    return four[:, :, :3]


def few_colours(image: npt.NDArray[np.uint8]) -> bytes:
    """A palette PNG: the 256 most frequent colours, every other pixel at the nearest of them."""
    flat = image.reshape(-1, 3).astype(np.int64)
    codes = (flat >> 3) @ np.array([65536, 256, 1])
    _, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    sums = [np.bincount(where, weights=flat[:, i]) for i in range(3)]
    every = np.stack(sums, axis=1) / counts[:, None]  # the mean keeps plain areas exact
    palette = every[np.argsort(-counts, kind="stable")[:256]]
    nearest = ((every[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    rows = nearest[where].astype(np.uint8).reshape(image.shape[:2])
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.round().astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def main(out: Path, rank: str) -> None:
    """Write `dossier.png` beside this file."""
    with (out / "cases.csv").open(encoding="utf-8") as file:
        case = next(r["case_id"] for r in csv.DictReader(file) if r["rank"] == rank)
    picture = few_colours(pixels((out / "report" / f"case-{case}.html").resolve()))
    Path(__file__).with_name("dossier.png").write_bytes(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "1")
