"""Synthetic DICOM files for make_image_vectors.py, with syntaxes and display settings that pydicom's samples lack."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence

from dicom_builder import coded, dataset, native, scene, table, unsigned

JPEG = {"EXTENDED": uid.JPEGExtended12Bit, "P14": uid.JPEGLossless, "SV1": uid.JPEGLosslessSV1}


def make_native() -> dict[str, FileDataset]:
    eight, twelve, signed = scene(0, 255), scene(0, 4095, seed=1), scene(-2048, 2047, seed=2)
    window: dict[str, Any] = {"WindowCenter": [1000, 40], "WindowWidth": [900, 400]}
    junk = (unsigned(signed, 12) | 0xA000).astype("<u2").tobytes()
    rescale: dict[str, Any] = {"RescaleSlope": "1.5", "RescaleIntercept": "-1024"}
    files = {
        "window": native(
            twelve, 12, **window, WindowCenterWidthExplanation=["WIDE", "NARROW"], Modality="CT", **rescale
        ),
        "window_sigmoid": native(twelve, 12, **window, VOILUTFunction="SIGMOID"),
        "window_exact": native(twelve, 12, **window, VOILUTFunction="LINEAR_EXACT", **rescale),
        "window_signed": native(signed, 12, WindowCenter=-100, WindowWidth=1500, **rescale),
        "unused_bits": native(signed, 12, junk, WindowCenter=0, WindowWidth=2000),
        "monochrome1": native(eight, 8, PhotometricInterpretation="MONOCHROME1", WindowCenter=100, WindowWidth=120),
        "padding": native(np.where(eight > 200, 63000, eight * 16), 16, PixelPaddingValue=63000),
        "padding_range": native(
            np.where(eight > 200, 63000 + eight, eight * 16), 16, PixelPaddingValue=63000, PixelPaddingRangeLimit=65535
        ),
        "aspect": native(
            eight, 8, PixelAspectRatio=[2, 1], BurnedInAnnotation="YES", WindowCenter=128, WindowWidth=256
        ),
        "thirty_two": native(scene(0, 3_000_000_000, seed=3), 32),
        "thirty_two_signed": native(scene(-2_000_000, 1_000_000, seed=3), 32, WindowCenter=0, WindowWidth=1_500_000),
        "big_endian": native(signed, 16, syntax=uid.ExplicitVRBigEndian, WindowCenter=0, WindowWidth=2000),
        "implicit": native(signed, 16, syntax=uid.ImplicitVRLittleEndian, WindowCenter=0, WindowWidth=2000),
        "rgb_planar": native(
            scene(0, 255, 3), 8, scene(0, 255, 3).transpose(2, 0, 1).astype("u1").tobytes(), PlanarConfiguration=1
        ),
        "ybr_full": native(scene(0, 255, 3, 4), 8, PhotometricInterpretation="YBR_FULL"),
    }
    bits = np.stack([scene(0, 1, seed=seed) for seed in range(3)])
    files["one_bit_frames"] = native(
        bits, 1, np.packbits(bits.ravel().astype(bool), bitorder="little").tobytes(), BitsAllocated=1
    )
    return files


def make_tables() -> dict[str, FileDataset]:
    twelve, signed = scene(0, 4095, seed=5), scene(-500, 1500, seed=6)
    curve = np.rint(65535 * (np.arange(3000) / 2999) ** 0.5)
    files = {
        "voi_lut_16": native(twelve, 12, VOILUTSequence=Sequence([table(curve, 500, 16)])),
        "voi_lut_12": native(twelve, 12, VOILUTSequence=Sequence([table(np.rint(curve / 16), 500, 12)])),
        "voi_lut_8": native(
            scene(0, 255, seed=5), 8, VOILUTSequence=Sequence([table(np.rint(curve[::15] / 257), 20, 8)])
        ),
        "voi_lut_signed": native(signed, 16, VOILUTSequence=Sequence([table(curve[::2], -400, 16, "SS")])),
        "voi_lut_and_window": native(
            twelve, 12, VOILUTSequence=Sequence([table(curve, 500, 16)]), WindowCenter=2000, WindowWidth=1000
        ),
        "modality_lut": native(
            twelve,
            12,
            ModalityLUTSequence=Sequence([table(4095 - np.arange(4000), 20, 16)]),
            WindowCenter=2000,
            WindowWidth=1000,
        ),
        "modality_and_voi_lut": native(
            twelve,
            12,
            ModalityLUTSequence=Sequence([table(4095 - np.arange(4000), 20, 16)]),
            VOILUTSequence=Sequence([table(curve, 500, 16)]),
        ),
    }
    ramp = np.arange(256)
    palette: dict[str, Any] = {}
    for name, values in {"Red": ramp * 257, "Green": (255 - ramp) * 257, "Blue": (ramp // 2) * 257}.items():
        palette[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        palette[f"{name}PaletteColorLookupTableData"] = values.astype("<u2").tobytes()
    files["palette"] = native(scene(0, 255), 8, PhotometricInterpretation="PALETTE COLOR", **palette)
    return files


def lossless(values: np.ndarray, bits: int, **options: Any) -> bytes:
    return imagecodecs.jpeg8_encode(unsigned(values, bits), lossless=True, bitspersample=bits, **options)


def j2k(values: np.ndarray, **options: Any) -> bytes:
    return imagecodecs.jpeg2k_encode(values, codecformat="j2k", **options)


def make_jpeg() -> dict[str, FileDataset]:
    twelve, deep = scene(0, 4095, seed=7), scene(-20000, 20000, seed=8)
    window: dict[str, Any] = {"WindowCenter": 2000, "WindowWidth": 3000}
    color = scene(0, 255, 3, 9).astype(np.uint8)
    files = {
        "jpeg_12": coded(
            JPEG["EXTENDED"],
            twelve,
            12,
            [imagecodecs.jpeg8_encode(twelve.astype(np.uint16), level=90, bitspersample=12)],
            **window,
        ),
        "jpeg_lossless_16_signed": coded(JPEG["SV1"], deep, 16, [lossless(deep, 16)], **window),
        "jpeg_lossless_12_signed": coded(
            JPEG["SV1"], scene(-2048, 2047), 12, [lossless(scene(-2048, 2047), 12)], **window
        ),
        "jpeg_lossless_rgb": coded(
            JPEG["P14"],
            color,
            8,
            [imagecodecs.jpeg8_encode(color, lossless=True, predictor=4, colorspace="RGB", outcolorspace="RGB")],
        ),
        "jpeg_420": coded(
            uid.JPEGBaseline8Bit,
            color,
            8,
            [imagecodecs.jpeg8_encode(color, level=90, subsampling="420")],
            PhotometricInterpretation="YBR_FULL_422",
        ),
    }
    for predictor in range(1, 8):
        files[f"jpeg_lossless_p{predictor}"] = coded(
            JPEG["P14"], twelve, 12, [lossless(twelve, 12, predictor=predictor)], **window
        )
    return files


def make_fragments() -> dict[str, FileDataset]:
    """Three frames, each in one or two fragments, with every kind of offset table."""
    frames = np.stack([scene(0, 4095, seed=seed) for seed in (10, 11, 12)])
    jpeg = [imagecodecs.jpeg8_encode(frame.astype(np.uint16), lossless=True, bitspersample=12) for frame in frames]
    window: dict[str, Any] = {"WindowCenter": 2000, "WindowWidth": 3000}
    kinds = {"table": (2, "basic"), "markers": (2, "none"), "single": (1, "none"), "extended": (1, "extended")}
    files = {
        f"fragments_{name}": coded(JPEG["SV1"], frames, 12, jpeg, fragments, tables=tables, **window)
        for name, (fragments, tables) in kinds.items()
    }
    one = coded(JPEG["SV1"], frames[0], 12, jpeg[:1], 3, **window)
    files["fragments_one_frame"] = one
    return files


def make_jpeg2000_and_ls() -> dict[str, FileDataset]:
    signed, thirteen, color = (
        scene(-2048, 2047, seed=13),
        scene(-4000, 4000, seed=14),
        scene(0, 255, 3, 15).astype(np.uint8),
    )
    window: dict[str, Any] = {"WindowCenter": 100, "WindowWidth": 3000}
    ht = imagecodecs.htj2k_encode
    files = {
        "j2k_signed": coded(
            uid.JPEG2000Lossless, signed, 16, [j2k(signed.astype(np.int16), reversible=True)], **window
        ),
        "j2k_sign_mismatch": coded(
            uid.JPEG2000Lossless,
            thirteen,
            13,
            [j2k(unsigned(thirteen, 13), bitspersample=13, reversible=True)],
            **window,
        ),
        "j2k_rgb": coded(
            uid.JPEG2000Lossless, color, 8, [j2k(color, reversible=True, mct=True)], PhotometricInterpretation="YBR_RCT"
        ),
        "j2k_rgb_lossy": coded(
            uid.JPEG2000, color, 8, [j2k(color, level=40, mct=True)], PhotometricInterpretation="YBR_ICT"
        ),
        "j2k_12_lossy": coded(
            uid.JPEG2000, thirteen + 4000, 16, [j2k(unsigned(thirteen + 4000, 16), level=50)], **window
        ),
        "htj2k": coded(uid.HTJ2KLossless, thirteen + 4000, 16, [ht(unsigned(thirteen + 4000, 16))], **window),
        "htj2k_lossy": coded(
            uid.HTJ2K, thirteen + 4000, 16, [ht(unsigned(thirteen + 4000, 16), reversible=False)], **window
        ),
        "htj2k_rpcl": coded(uid.HTJ2KLosslessRPCL, thirteen + 4000, 16, [ht(unsigned(thirteen + 4000, 16))], **window),
        "htj2k_rgb": coded(uid.HTJ2KLossless, color, 8, [ht(color)], PhotometricInterpretation="YBR_RCT"),
        "jls_signed": coded(
            uid.JPEGLSLossless, signed, 12, [imagecodecs.jpegls_encode(unsigned(signed, 12))], **window
        ),
        "jls_near": coded(
            uid.JPEGLSNearLossless,
            thirteen + 4000,
            16,
            [imagecodecs.jpegls_encode(unsigned(thirteen + 4000, 16), level=3)],
            **window,
        ),
    }
    lines = dataset(uid.JPEGLSLossless, color, 8)
    lines.compress(uid.JPEGLSLossless, color, encoding_plugin="pyjpegls", generate_instance_uid=False)
    files["jls_rgb"] = lines
    return files


def make_rle() -> dict[str, FileDataset]:
    frames = np.stack([scene(-2048, 2047, seed=seed) for seed in (16, 17)])
    files = {}
    kinds: list[tuple[str, np.ndarray, int, dict[str, Any]]] = [
        ("rle_signed_frames", frames, 12, {"WindowCenter": 0, "WindowWidth": 2500}),
        ("rle_ybr", scene(0, 255, 3, 18), 8, {"PhotometricInterpretation": "YBR_FULL"}),
    ]
    for name, pixels, stored, more in kinds:
        data = native(pixels, stored, **more)
        data.compress(uid.RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        files[name] = data
    return files


def write(folder: Path) -> list[Path]:
    files = make_native() | make_tables() | make_jpeg() | make_fragments() | make_jpeg2000_and_ls() | make_rle()
    paths = []
    for name, data in files.items():
        path = folder / f"{name}.dcm"
        data.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths
