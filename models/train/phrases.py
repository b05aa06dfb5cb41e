"""Names of each kind, region and modality.

Phrases are composed from parts, so that the model learns that one thing has many names. A fixed share of the composed
phrases and some templates are kept out of training for evaluation (`held_out`), except for the plainest wordings, which
everyone uses.
"""

from __future__ import annotations

import hashlib
import itertools

# name -> (nouns after "of the", words before the modality)
REGIONS: dict[str, tuple[list[str], list[str]]] = {
    "chest": (["chest", "thorax", "lungs", "chest region"], ["chest", "thoracic", "lung", "thorax"]),
    "abdomen": (["abdomen", "belly", "abdominal region", "abdominal cavity"], ["abdominal", "abdomen", "belly"]),
    "head": (["head", "brain", "skull", "head and brain"], ["head", "brain", "cranial", "skull"]),
    "breast": (["breast", "breasts", "female breast", "mammary gland"], ["breast", "mammary", "breasts"]),
    "hand": (["hand", "hand and wrist", "hand bones", "fingers and hand"], ["hand", "hand and wrist", "hand bone"]),
    "knee": (["knee", "knee joint"], ["knee", "knee joint"]),
    "foot": (["foot", "foot and ankle"], ["foot", "foot and ankle"]),
    "ankle": (["ankle", "ankle joint"], ["ankle"]),
    "shoulder": (["shoulder", "shoulder joint"], ["shoulder"]),
    "spine": (["spine", "lumbar spine", "cervical spine", "spinal column"], ["spine", "lumbar spine", "spinal"]),
    "pelvis": (["pelvis", "hip"], ["pelvic", "pelvis", "hip"]),
    "neck": (["neck", "thyroid"], ["neck", "thyroid"]),
    "heart": (["heart", "coronary arteries"], ["cardiac", "heart"]),
    "liver": (["liver"], ["liver", "hepatic"]),
    "kidney": (["kidney", "kidneys"], ["kidney", "renal"]),
    "teeth": (["teeth", "jaw"], ["dental", "teeth", "jaw"]),
    "elbow": (["elbow", "arm"], ["elbow", "arm"]),
    "leg": (["leg", "thigh"], ["leg", "femur"]),
}
MODALITIES: dict[str, list[str]] = {
    "X-ray": ["X-ray", "radiograph", "x-ray image", "X-ray film", "plain film", "plain radiograph", "xray", "x ray",
              "plain X-ray", "X-ray picture", "radiographic image", "roentgenogram"],
    "CT": ["CT", "CT scan", "CT image", "CT slice", "computed tomography", "computed tomography scan", "CAT scan",
           "computed tomography (CT)", "CT scan slice", "computed tomography image", "CT section"],
    "MRI": ["MRI", "MRI scan", "MR image", "MRI image", "MRI slice", "magnetic resonance imaging", "MR scan",
            "magnetic resonance image", "magnetic resonance imaging (MRI)", "MR", "MR slice", "magnetic resonance scan"],
    "ultrasound": ["ultrasound", "ultrasound image", "sonogram", "ultrasonography", "ultrasound scan", "US image"],
    "PET": ["PET scan", "PET", "positron emission tomography", "PET image"],
}  # fmt: skip
# Answers to "which modality": names of the technique, not of a picture.
TECHNIQUES: dict[str, list[str]] = {
    "X-ray": ["X-ray", "X-rays", "radiography", "plain radiography", "plain film", "X-ray imaging", "radiograph", "xray",
              "projection radiography", "X-ray (radiography)", "conventional radiography", "digital radiography"],
    "CT": ["CT", "computed tomography", "CT scan", "CT scanning", "computed tomography (CT)", "CT (computed tomography)",
           "CAT scan", "X-ray computed tomography", "a CT scanner"],
    "MRI": ["MRI", "magnetic resonance imaging", "MR", "MRI scan", "MR imaging", "magnetic resonance imaging (MRI)",
            "MRI (magnetic resonance imaging)", "magnetic resonance", "an MRI scanner"],
    "dermoscopy": ["dermoscopy", "dermatoscopy", "skin photography", "dermoscopic photography", "a dermatoscope",
                   "skin surface microscopy", "dermoscope", "dermoscopic imaging", "epiluminescence microscopy"],
    "microscopy": ["microscopy", "light microscopy", "bright-field microscopy", "microscope", "a light microscope",
                   "optical microscopy", "microscopy of a stained slide", "brightfield microscopy"],
    "ultrasound": ["ultrasound", "ultrasonography", "sonography", "US", "ultrasound imaging"],
    "PET": ["PET", "positron emission tomography", "PET scan", "nuclear medicine"],
    "fundus photography": ["fundus photography", "retinal photography", "fundus camera"],
    "endoscopy": ["endoscopy", "colonoscopy", "an endoscope"],
    "mammography": ["mammography", "mammogram"],
    "OCT": ["OCT", "optical coherence tomography"],
    "ECG": ["ECG", "electrocardiography"],
}  # fmt: skip
DERMOSCOPY = [
    "dermoscopy", "dermoscopy image", "dermoscopic image", "dermoscopy of a skin lesion", "skin lesion", "dermoscopy image of a skin lesion",
    "dermoscopic image of a skin lesion", "dermoscopy of the skin", "skin lesion photograph", "skin lesion (dermoscopy)",
    "dermatoscopic image", "dermatoscopy", "dermatoscopy of a skin lesion", "dermoscopic photograph", "close-up of a mole", "skin dermoscopy",
    "photograph of a skin lesion", "skin lesion photograph (dermoscopic)", "skin lesion seen with a dermoscope", "picture of a mole",
    "dermoscopic view of a mole", "dermoscopy picture of the skin", "magnified photograph of the skin", "skin image", "photo of a skin lesion",
    "dermoscopic skin image", "dermoscopic picture of a pigmented lesion", "pigmented skin lesion", "skin lesion under a dermatoscope",
    "dermoscopic photo of a nevus", "dermatology image", "dermoscopy photograph of a skin lesion", "skin lesion image", "a mole on the skin",
    "close-up photograph of a skin lesion", "skin photograph", "dermoscopy (skin)", "dermatoscope image of a mole", "skin mole photograph",
]  # fmt: skip
SMEAR = [
    "blood smear", "blood smear under the microscope", "microscope image of a blood smear", "peripheral blood smear", "stained blood smear",
    "blood film", "blood cells", "microscopy of blood cells", "blood smear (microscopy)", "microscopic image of blood", "blood cell microscopy",
    "micrograph of blood cells", "blood smear microscopy", "blood cells under a microscope", "microscopy of a blood smear",
    "light microscopy of a blood smear", "peripheral blood film", "stained blood cells", "blood smear micrograph", "blood smear slide",
    "microscope picture of blood", "peripheral blood smear (microscope)", "microscopic view of a blood film", "photomicrograph of blood cells",
    "stained blood smear seen through a microscope", "blood cell smear", "microscopic blood smear", "blood under the microscope", "smear of blood",
    "microscopy image of a peripheral blood smear", "microscopy image of blood cells", "red and white blood cells", "blood microscopy slide",
]  # fmt: skip
OTHER_KINDS: dict[str, list[str]] = {
    "fundus photograph": ["fundus photograph", "retinal fundus photograph", "photograph of the retina", "fundus image",
                          "eye fundus photo", "retinal photograph", "colour fundus photograph", "retinal image"],
    "mammogram": ["mammogram", "mammography image", "breast X-ray (mammogram)", "screening mammogram"],
    "ECG": ["ECG", "electrocardiogram", "ECG tracing", "ECG trace"],
    "endoscopy": ["endoscopy image", "endoscopic image of the colon", "colonoscopy image", "endoscopy", "gastroscopy picture"],
    "histology": ["histology slide", "histology slide of the colon", "histopathology slide", "tissue section", "H&E tissue slide",
                  "biopsy slide", "microscopy of colon tissue", "histopathology image"],
    "OCT": ["OCT", "retinal OCT", "OCT of the retina", "optical coherence tomography", "OCT scan of the eye"],
    "angiogram": ["angiogram", "coronary angiogram", "cerebral angiogram", "angiography of the leg"],
    "bone scan": ["bone scan", "bone scintigraphy", "nuclear medicine scan"],
}  # fmt: skip

TEMPLATES = [
    "{adj} {mod}", "{mod} of the {noun}", "{adj} {mod}", "{mod} ({noun})", "{noun} ({mod})", "{noun} {mod}", "{mod} of a {noun}",
    "{noun}: {mod}", "{mod}, {noun}", "{noun}, {mod}", "{mod} - {noun}", "{noun} on {mod}", "{adj} region {mod}",
    "{mod} showing the {noun}", "{mod} taken of the {noun}", "{mod} depicting the {noun}", "{noun} seen on {mod}", "{mod} image of the {noun}",
    "{mod} through the {noun}", "{mod} picture of the {noun}", "{adj} area, {mod}", "{mod} of a patient's {noun}", "{mod} of the human {noun}",
]  # fmt: skip
TEST_TEMPLATES = ["{noun} imaged with {mod}", "{mod} that shows the {noun}"]
# Words that say nothing about the kind. Some options contain one, so that the model learns to copy and ignore any word.
FILLERS = """showing taken obtained patient adult child old new normal abnormal left right upper lower clinical study exam series digital
colour detailed contrast with without from for medical diagnostic high resolution standard routine seen viewed shown depicting featuring displaying
captured acquired performed recorded example typical single large small stained magnified grey black white one two full part view lateral coronal
sagittal oblique front back side close bright dark clear hospital doctor human woman man person body tissue organ bone cell surface film record
portable supine upright enhanced weighted sequence lesion test picture photo chart graph drawing map dog cat tree car house blue red green water
fracture tumour stone vessel muscle joint nerve fluid pressure pulse rhythm report label number level first second third""".split()
PLANES = {"CT": ["axial", "axial", "cross-sectional", "transverse"], "MRI": ["axial", "axial", "transverse"],
          "X-ray": ["frontal", "plain", "digital"]}  # fmt: skip
SENTENCES = ["This is {a} {x}", "The image is {a} {x}", "It is {a} {x}", "The picture shows {a} {x}", "{A} {x}", "{A} {x}",
             "An image of type {x}", "This image shows {a} {x}", "It shows {a} {x}", "Image: {x}", "The image shows {a} {x}"]  # fmt: skip
TEST_SENTENCES = ["What we see is {a} {x}", "This picture is {a} {x}"]

# Phrases that are always used in training: the ones nearly everyone would write.
_PLAIN = {"{adj} {mod}", "{mod} of the {noun}"}
_PLAIN_MODS = {"X-ray", "radiograph", "CT", "CT scan", "MRI", "MRI scan", "computed tomography", "MR image"}


def held_out(text: str) -> bool:
    return hashlib.sha256(text.lower().encode()).digest()[0] % 10 == 0


def _imaging_phrases(region: str, modality: str) -> tuple[list[str], list[str]]:
    nouns, adjs = REGIONS[region]
    train: list[str] = []
    test: list[str] = []
    for template in TEMPLATES:
        for noun, adj, mod in itertools.product(nouns, adjs, MODALITIES[modality]):
            text = template.format(noun=noun, adj=adj, mod=mod)
            plain = template in _PLAIN and mod in _PLAIN_MODS
            (test if held_out(text) and not plain else train).append(text)
            for plane in PLANES.get(modality, []) if template in _PLAIN else []:
                if not mod.startswith("plain"):
                    train.append(f"{plane} {text}")
    for template, noun, mod in itertools.product(TEST_TEMPLATES, nouns, MODALITIES[modality]):
        test.append(template.format(noun=noun, mod=mod))
    return sorted(set(train)), sorted(set(test))


def _weighted_plain(region: str, modality: str) -> list[str]:
    """Plain wordings, in a list of their own because they are drawn as often as all composed ones together."""
    nouns, adjs = REGIONS[region]
    mods = [m for m in MODALITIES[modality] if m in _PLAIN_MODS]
    composed = [f"{m} of the {n}" for m in mods for n in nouns[:2]] + [f"{a} {m}" for m in mods for a in adjs[1:3]]
    return [f"{adjs[0]} {m}" for m in mods] * 2 + composed + _labels(region, modality)


def _labels(region: str, modality: str) -> list[str]:
    """Names as in folders of data sets: "HeadCT", "Chest_Xray", "CXR"."""
    short = modality.replace("X-ray", "Xray")
    names = [f"{region.capitalize()}{short}", f"{region.capitalize()}_{short}"]
    return names + ["CXR", "CXR"] * (region == "chest" and modality == "X-ray")


REAL_KINDS = [
    "abdomen CT",
    "breast MRI",
    "chest X-ray",
    "chest CT",
    "hand X-ray",
    "head CT",
    "head MRI",
    "dermoscopy",
    "blood smear",
]


REAL_REGIONS = ["chest", "abdomen", "head", "breast", "hand", "skin", "blood"]
REAL_MODALITIES = ["X-ray", "CT", "MRI", "dermoscopy", "microscopy"]


def _split(phrases: list[str]) -> tuple[list[str], list[str]]:
    test = [p for i, p in enumerate(phrases) if i > 3 and held_out(p)]
    return [p for p in phrases if p not in test], test


def _build_kinds() -> dict[str, dict[str, list[str]]]:
    kinds: dict[str, dict[str, list[str]]] = {}
    for region in REGIONS:
        for modality in MODALITIES:
            train, test = _imaging_phrases(region, modality)
            kinds[f"{region} {modality}"] = {
                "train": train,
                "test": test,
                "plain": _weighted_plain(region, modality) or train,
            }
    for name, phrases in [("dermoscopy", DERMOSCOPY), ("blood smear", SMEAR), *OTHER_KINDS.items()]:
        train, test = _split(phrases)
        kinds[name] = {"train": train, "test": test or train, "plain": phrases[:4]}
    return kinds


KINDS = _build_kinds()


def parts(kind: str) -> tuple[str, str]:
    """Returns (region, modality) of a kind, by the names used in short answers."""
    special = {
        "dermoscopy": ("skin", "dermoscopy"), "blood smear": ("blood", "microscopy"), "fundus photograph": ("eye", "fundus photography"),
        "mammogram": ("breast", "mammography"), "ECG": ("heart", "ECG"), "endoscopy": ("bowel", "endoscopy"),
        "histology": ("tissue", "microscopy"), "OCT": ("eye", "OCT"), "angiogram": ("vessels", "X-ray"), "bone scan": ("bones", "PET"),
    }  # fmt: skip
    if kind in special:
        return special[kind]
    region, modality = kind.rsplit(" ", 1)
    return region, modality


REGION_WORDS: dict[str, list[str]] = {name: nouns for name, (nouns, _) in REGIONS.items()} | {
    "chest": [
        "chest",
        "thorax",
        "lungs",
        "chest (thorax)",
        "thoracic region",
        "chest and lungs",
        "thoracic cavity",
        "lungs and heart",
    ],
    "abdomen": ["abdomen", "belly", "abdominal region", "abdominal organs", "abdominal cavity", "abdomen (belly)"],
    "head": ["head", "brain", "skull", "cranium", "head (brain)", "brain and skull", "head and brain"],
    "breast": ["breast", "breasts", "mammary gland", "female breast"],
    "hand": ["hand", "hand and wrist", "fingers", "hand bones", "bones of the hand", "fingers and palm"],
    "skin": ["skin", "skin lesion", "skin surface", "a skin lesion", "mole on the skin"],
    "blood": ["blood", "blood cells", "a blood sample", "peripheral blood", "red blood cells", "blood smear"],
    "eye": ["eye", "retina", "back of the eye"],
    "bowel": ["bowel", "colon", "stomach"],
}
DISTRACTOR_REGIONS = [
    "knee",
    "foot",
    "ankle",
    "shoulder",
    "spine",
    "neck",
    "teeth",
    "elbow",
    "leg",
    "eye",
    "bowel",
    "pelvis",
    "kidney",
    "liver",
    "heart",
]
# Regions that a picture of another region may really show: never used as wrong options for it.
OVERLAP = {"abdomen": {"pelvis", "kidney", "liver", "bowel", "spine"}, "chest": {"heart", "shoulder", "spine", "liver", "neck"},
           "head": {"teeth", "eye", "neck"}, "breast": {"heart", "chest"}, "skin": set(), "blood": set(), "hand": {"elbow"}}  # fmt: skip
