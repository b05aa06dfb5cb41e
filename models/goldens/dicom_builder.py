"""Builds DICOM data sets for dicom_samples.py: synthetic pixels, native or encapsulated, and lookup tables."""

from typing import Any

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended

ROWS, COLUMNS = 24, 31
OURS = "1.2.826.0.1.3680043.10.1500"


def scene(low: int, high: int, channels: int = 0, seed: int = 0) -> np.ndarray:
    """A smooth picture with edges and some noise: integers from `low` to `high`, [rows, columns(, channels)]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    planes = []
    for channel in range(max(channels, 1)):
        wave = np.sin((x + seed) / 5 + channel) * np.cos(y / 4 - channel) / 2 + 0.5
        wave[6:14, 8:20] = 1 - wave[6:14, 8:20]
        planes.append(wave + rng.normal(0, 0.02, wave.shape))
    values = np.clip(np.rint(low + np.stack(planes, -1) * (high - low)), low, high).astype(np.int64)
    return values if channels else values[..., 0]


def dataset(syntax: str, pixels: np.ndarray, stored: int, **more: Any) -> FileDataset:
    """A data set without pixel data. `pixels`: [rows, columns(, 3)], or [frames, rows, columns(, 3)]."""
    signed = bool(pixels.min() < 0) or more.pop("signed", False)
    color = pixels.ndim > 2 and pixels.shape[-1] == 3
    frames = pixels.shape[0] if pixels.ndim - color > 2 else 1
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = uid.UID(syntax)
    meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = uid.UID(f"{OURS}.1")
    kind = meta.TransferSyntaxUID
    data = FileDataset(
        None,
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=kind.is_implicit_VR,
        is_little_endian=kind.is_little_endian,
    )
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientName, data.PatientID = "OT", "Made^Up", ""
    data.Rows, data.Columns = pixels.shape[-3:-1] if color else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if color else 1
    data.PhotometricInterpretation = "RGB" if color else "MONOCHROME2"
    if color:
        data.PlanarConfiguration = 0
    data.BitsAllocated = 8 if stored <= 8 else 16 if stored <= 16 else 32
    data.BitsStored, data.HighBit, data.PixelRepresentation = stored, stored - 1, int(signed)
    if frames > 1:
        data.NumberOfFrames = frames
    for name, value in more.items():
        setattr(data, name, value)
    return data


def native(pixels: np.ndarray, stored: int, raw: bytes | None = None, **more: Any) -> FileDataset:
    """A data set with uncompressed pixels; `raw` replaces the bytes that `pixels` would give."""
    syntax = more.pop("syntax", uid.ExplicitVRLittleEndian)
    data = dataset(syntax, pixels, stored, **more)
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    size = data.BitsAllocated // 8
    data.PixelData = raw if raw is not None else pixels.astype(f"{order}i{size}").tobytes()
    if len(data.PixelData) % 2:
        data.PixelData += b"\0"
    data["PixelData"].VR = "OW" if data.BitsAllocated > 8 else "OB"
    return data


def coded(
    syntax: str, pixels: np.ndarray, stored: int, parts: list[bytes], fragments: int = 1, **more: Any
) -> FileDataset:
    """A data set with encapsulated pixels. `parts`: an encoded image per frame; `tables`: basic, extended or none."""
    tables = more.pop("tables", "basic")
    data = dataset(syntax, pixels, stored, **more)
    if tables == "extended":
        data.PixelData, offsets, lengths = encapsulate_extended(parts)
        data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = offsets, lengths
    else:
        data.PixelData = encapsulate(parts, fragments_per_frame=fragments, has_bot=tables == "basic")
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


def table(values: np.ndarray, first: int, bits: int, vr: str = "US") -> Dataset:
    """A lookup table item: `values` for the inputs from `first` on, with entries of `bits` bits."""
    item = Dataset()
    item.add_new(0x00283002, vr, [len(values), first, bits])
    item.add_new(0x00283006, "US", values.astype(int).tolist())
    return item


def unsigned(values: np.ndarray, bits: int) -> np.ndarray:
    """The bits of signed values as unsigned ones, for encoders that take no signed values."""
    return (values & (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
