"""What a file is: its compression and its format, by the first bytes, with the name as a second witness."""

from __future__ import annotations

import codecs
import posixpath
import re

from persona_hub.transforms.corpus.corpus_records import TEXT_FIELDS, BrokenError

HEAD_BYTES = 4096  # of a file, decompressed: as much as `format_of` looks at
TEXT_FORMAT = "text"
# WET and WAT are WARC inside.
CORPUS_FORMATS = (TEXT_FORMAT, "jsonl", "csv", "tsv", "parquet", "avro", "warc", "arc", "html", "mediawiki")
EXTENSIONS = {
    ".txt": TEXT_FORMAT, ".text": TEXT_FORMAT, ".md": TEXT_FORMAT,
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet",
    ".avro": "avro",
    ".warc": "warc", ".wet": "warc", ".wat": "warc",
    ".arc": "arc",
    ".html": "html", ".htm": "html", ".xhtml": "html",
    ".tar": "tar", ".zip": "zip",
}  # fmt: skip
COMPRESSED = (".gz", ".bz2", ".zst", ".zstd", ".xz", ".lzma")
SHORT_TAR = {".tgz": ".tar.gz", ".tbz": ".tar.bz2", ".tbz2": ".tar.bz2", ".txz": ".tar.xz", ".tzst": ".tar.zst"}

COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zX": "xz",
    b"\x5d\0\0": "lzma",
}
ARCHIVES = frozenset({"tar", "zip"})

# Formats that are known and not read, by their first bytes: what such a file is called, and the remedy.
EXTRACT, UNPACK = "Extract its text first, or leave it out", "Unpack it first, or leave it out"
CONVERT = "Convert it to JSON Lines or Parquet first, or leave it out"
UNREAD: dict[str, tuple[str, str]] = {
    "pdf": ("a PDF", EXTRACT),
    "postscript": ("PostScript", EXTRACT),
    "rtf": ("rich text (RTF)", EXTRACT),
    "office": ("a document of an office program or an e-book", EXTRACT),
    "djvu": ("a DjVu document", EXTRACT),
    "image": ("an image", EXTRACT),
    "media": ("sound or video", EXTRACT),
    "xml": ("XML of another kind than XHTML", EXTRACT),
    "7z": ("a 7z archive", UNPACK),
    "rar": ("a RAR archive", UNPACK),
    "cab": ("a cabinet archive", UNPACK),
    "ar": ("an ar archive or Debian package", UNPACK),
    "cpio": ("a cpio archive", UNPACK),
    "rpm": ("an RPM package", UNPACK),
    "lz4": ("compressed with LZ4", UNPACK),
    "lzip": ("compressed with lzip", UNPACK),
    "lzop": ("compressed with lzop", UNPACK),
    "snappy": ("compressed with Snappy", UNPACK),
    "compress": ("compressed with compress (.Z)", UNPACK),
    "sqlite": ("an SQLite database", CONVERT),
    "orc": ("an ORC table", CONVERT),
    "arrow": ("an Arrow or Feather table", CONVERT),
    "hdf5": ("an HDF5 file", CONVERT),
    "numpy": ("a NumPy array", CONVERT),
    "program": ("a program", "Leave it out"),
}
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"Obj\x01", "avro"),
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without a member
    (b"PK\x07\x08", "zip"),  # of several volumes
    (b"PK00PK", "zip"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (b"AT&TFORM", "djvu"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"\0\0\1\0", "image"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MSCF\0", "cab"),
    (b"!<arch>\n", "ar"),
    (b"070701", "cpio"),
    (b"\xc7\x71", "cpio"),
    (b"\xed\xab\xee\xdb", "rpm"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP\x01", "lzip"),
    (b"\x89LZO\0", "lzop"),
    (b"\xff\x06\0\0sNaPpY", "snappy"),
    (b"\x1f\x9d", "compress"),
    (b"SQLite format 3\0", "sqlite"),
    (b"ARROW1\0", "arrow"),
    (b"FEA1", "arrow"),
    (b"\x89HDF\r\n", "hdf5"),
    (b"\x93NUMPY", "numpy"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\0", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\0asm", "program"),
    (b"OggS\0", "media"),
    (b"fLaC\0", "media"),
    (b"\x1a\x45\xdf\xa3", "media"),
)
LETTERS_ONLY: tuple[tuple[bytes, str], ...] = ((b"ORC", "orc"), (b"ID3", "media"), (b"RIFF", "media"))
CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a]")
OFFICE_NAMES = (b"mimetypeapplication/", b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/")

OFFICE_MEMBERS = frozenset({"[Content_Types].xml", "mimetype", "META-INF/container.xml"})

XML_PROLOGUE = re.compile(rb"\s*(?:<\?[^>]*\?>|<!--.*?-->|<!DOCTYPE(?!\s+html)[^>\[]*>)", re.DOTALL | re.IGNORECASE)
HTML_START = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
COLUMN_NAME = re.compile(r"[A-Za-z_][\w .-]{0,39}")
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def codec_of(head: bytes) -> str | None:
    """The compression that the first bytes of a file tell, as a key of the codecs in `streams`."""
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return "zstd"  # a skippable frame, with which pzstd begins
    name = next((name for magic, name in COMPRESSIONS.items() if head.startswith(magic)), None)
    if name == "lzma" and not _is_lzma(head):
        return None
    return name


def format_of(head: bytes, path: str) -> str:
    """The format of a file: as its first bytes tell (decompressed), else as its name does, else plain text.

    It is a name of `CORPUS_FORMATS`, of `ARCHIVES`, or of `UNREAD`.
    """
    told, named = format_of_bytes(head), format_of_name(path)[0]
    if told in ("xml", "csv", "tsv") and named:
        return named  # a name is a better witness than "<?xml", a tag, or a line of names
    return told or named or TEXT_FORMAT


def unread(format: str) -> BrokenError:
    """The error of a file of a format that is known and not read."""
    what, remedy = UNREAD.get(format, (f"a file of the format {format}", CONVERT))
    return BrokenError(f"unread-{format}", f"this is {what}, which is not read. {remedy}.")


def format_of_bytes(head: bytes) -> str | None:
    """The format that the first bytes of a file (decompressed) tell; None if they tell none, as those of plain text."""
    if is_tar(head):
        return "tar"
    for magic, name in MAGIC:
        if head.startswith(magic):
            return "office" if name == "zip" and head[30:].startswith(OFFICE_NAMES) else name
    if CONTROL.search(head[:512]):
        for magic, name in LETTERS_ONLY:
            if head.startswith(magic):
                return "image" if head[8:12] == b"WEBP" else name
        if head[4:8] == b"ftyp":
            return "media"
    return _format_of_text(head)


def format_of_name(path: str) -> tuple[str | None, bool]:
    """The format that a file's name tells, None if it tells none, and whether it says "compressed"."""
    name = posixpath.basename(path.replace("\\", "/")).lower()
    stem, last = posixpath.splitext(name)
    name = stem + SHORT_TAR.get(last, last)
    compressed = name.endswith(COMPRESSED)
    while name.endswith(COMPRESSED):
        name = posixpath.splitext(name)[0] if posixpath.splitext(name)[1] else ""
    return EXTENSIONS.get(posixpath.splitext(name)[1]), compressed


def is_tar(block: bytes) -> bool:
    """Whether a block of 512 bytes is the header of a member of a tar archive: by its mark, or by its sum."""
    if len(block) < 512:
        return False
    if block[257:262] == b"ustar":
        return True
    stated = block[148:156].strip(b"\0 ")
    if not stated or stated.strip(b"01234567") or not block[0]:
        return False
    return int(stated, 8) == sum(block[:148]) + 8 * ord(" ") + sum(block[156:512])


def _is_lzma(head: bytes) -> bool:
    """Whether the head is one of "lzma alone": the length that it states is unknown, or one that could be."""
    length = int.from_bytes(head[5:13], "little")
    return len(head) >= 13 and (head[5:13] == b"\xff" * 8 or length < 1 << 40)


def _format_of_text(head: bytes) -> str | None:
    if head.startswith(UTF_16_MARKS):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"WARC/"):
        return "warc"
    if start.startswith(b"filedesc://"):
        return "arc"
    if start.startswith((b'{"', b"{ ")):
        return "jsonl"
    if not start.startswith(b"<"):
        return _format_of_table(start)
    is_xml = start.startswith(b"<?xml")
    while prologue := XML_PROLOGUE.match(start):
        start = start[prologue.end() :]
    start = start.lstrip()
    if HTML_START.match(start):
        return "html"
    if start.startswith(b"<mediawiki"):
        return "mediawiki"
    return "xml" if is_xml else None


def _format_of_table(start: bytes) -> str | None:
    """Whether a text begins with the names of a table's columns, one of which is known to hold texts."""
    head, _, rest = start[:HEAD_BYTES].partition(b"\n")
    for separator, name in ((b"\t", "tsv"), (b",", "csv"), (b";", "csv")):
        names = [column.strip(b' "\r').decode("ascii", "replace") for column in head.split(separator)]
        if len(names) > 1 and rest and all(map(COLUMN_NAME.fullmatch, names)) and set(names) & set(TEXT_FIELDS):
            return name
    return None
