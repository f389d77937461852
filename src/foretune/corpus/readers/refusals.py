"""What is no document: set aside with the word for what it is."""

from __future__ import annotations

from foretune.corpus.readers.registry import refuse

__all__: list[str] = []

refuse(
    "a picture: run text recognition (OCR) on it and add the text",
    suffixes=(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".ico", ".psd", ".avif"),
    magic=(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"8BPS", (8, b"WEBP")),
)
refuse(
    "sound or video: add its transcript (VTT, SRT or text) instead",
    suffixes=(".mp3", ".mp4", ".m4a", ".mov", ".avi", ".wav", ".ogg", ".flac", ".webm", ".mkv", ".aac", ".wma", ".wmv"),
    magic=(b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", (4, b"ftyp"), (8, b"WAVE"), (8, b"AVI ")),
)
refuse(
    "a program or a font, not a document",
    suffixes=(".exe", ".dll", ".so", ".dylib", ".pyc", ".class", ".o", ".a", ".ttf", ".otf", ".woff", ".woff2"),
    magic=(
        b"\x7fELF",
        b"MZ\x90\x00",
        b"\xca\xfe\xba\xbe",
        b"\xcf\xfa\xed\xfe",
        b"wOFF",
        b"wOF2",
        b"\x00\x01\x00\x00\x00",
    ),
)
refuse(
    "a database: export what should be known as text or CSV and add that",
    suffixes=(".sqlite", ".sqlite3", ".db", ".mdb", ".accdb", ".parquet", ".pst", ".ost"),
    magic=(b"SQLite format 3\x00", b"PAR1", b"!BDN"),
)
