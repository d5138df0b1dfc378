"""Pictures of pages for the documents, small enough for a repository: at most 256 colours, packed tightly."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

Pixels = NDArray[np.uint8]


def take(page: Page, url: str, file: Path, part: str | None = None) -> None:
    """The first screen of a page, or a part of it, with every chart drawn."""
    page.goto(url)
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator("svg.marks")).to_be_visible(timeout=30_000)
    page.evaluate("scrollTo(0, 0)")
    shown = page.locator(part) if part else page
    file.write_bytes(png(_pixels(page, shown.screenshot(animations="disabled"))))


def _pixels(page: Page, picture: bytes) -> Pixels:
    """Height x width x RGB; the browser decodes its own picture, on a page whose policy does not hinder it."""
    blank = page.context.new_page()
    raw, width, height = blank.evaluate(DECODE, "data:image/png;base64," + base64.b64encode(picture).decode())
    blank.close()
    found = np.frombuffer(base64.b64decode(raw), np.uint8)
    return found.reshape(height, width, 4)[:, :, :3]


def png(pixels: Pixels) -> bytes:
    """A PNG with a palette of the 256 most frequent colours; others become the nearest of these."""
    height, width, _ = pixels.shape
    coded = pixels.astype(np.int64) @ np.array([65536, 256, 1])
    colours, which, counts = np.unique(coded.ravel(), return_inverse=True, return_counts=True)
    rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    palette = rgb[np.argsort(-counts)[:256]]
    nearest = np.argmin(((rgb[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2), axis=1).astype(np.uint8)
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = nearest[which].reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in (*parts, (b"IEND", b"")))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


DECODE = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const bytes = canvas.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [btoa(text), image.width, image.height];
}"""
