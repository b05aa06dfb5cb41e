"""The words: ways to say each kind, region and modality, and ways to ask for them.

Everything is composed from parts, so that the model learns that the same thing has many names. A fixed share of the
composed phrases, some templates and some questions are kept for evaluation (`held_out`), except for the plainest
wordings, which everyone uses.
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
# As answers to "which modality": names of the technique, not of a picture.
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
# Words that say nothing about the kind; now and then one stands in an option, so that any word can be copied and passed over.
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

# Phrases that are never kept out of training: the ones nearly everyone would write.
_PLAIN = {"{adj} {mod}", "{mod} of the {noun}"}
_PLAIN_MODS = {"X-ray", "radiograph", "CT", "CT scan", "MRI", "MRI scan", "computed tomography", "MR image"}


def held_out(text: str) -> bool:
    return hashlib.sha256(text.lower().encode()).digest()[0] % 10 == 0


def _imaging_phrases(region: str, modality: str) -> tuple[list[str], list[str]]:
    nouns, adjs = REGIONS[region]
    train, test = [], []
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
    """Plain wordings, listed apart because they are drawn as often as all composed ones together."""
    nouns, adjs = REGIONS[region]
    mods = [m for m in MODALITIES[modality] if m in _PLAIN_MODS]
    composed = [f"{m} of the {n}" for m in mods for n in nouns[:2]] + [f"{a} {m}" for m in mods for a in adjs[1:3]]
    return [f"{adjs[0]} {m}" for m in mods] * 2 + composed + _labels(region, modality)


def _labels(region: str, modality: str) -> list[str]:
    """Names as folders of data sets have them: "HeadCT", "Chest_Xray", "CXR"."""
    short = modality.replace("X-ray", "Xray")
    names = [f"{region.capitalize()}{short}", f"{region.capitalize()}_{short}"]
    return names + ["CXR", "CXR"] * (region == "chest" and modality == "X-ray")


REAL_KINDS = ["abdomen CT", "breast MRI", "chest X-ray", "chest CT", "hand X-ray", "head CT", "head MRI", "dermoscopy", "blood smear"]


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
            kinds[f"{region} {modality}"] = {"train": train, "test": test, "plain": _weighted_plain(region, modality) or train}
    for name, phrases in [("dermoscopy", DERMOSCOPY), ("blood smear", SMEAR), *OTHER_KINDS.items()]:
        train, test = _split(phrases)
        kinds[name] = {"train": train, "test": test or train, "plain": phrases[:4]}
    return kinds


KINDS = _build_kinds()


def parts(kind: str) -> tuple[str, str]:
    """(region, modality) of a kind, by the names used in short answers."""
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
    "chest": ["chest", "thorax", "lungs", "chest (thorax)", "thoracic region", "chest and lungs", "thoracic cavity", "lungs and heart"],
    "abdomen": ["abdomen", "belly", "abdominal region", "abdominal organs", "abdominal cavity", "abdomen (belly)"],
    "head": ["head", "brain", "skull", "cranium", "head (brain)", "brain and skull", "head and brain"],
    "breast": ["breast", "breasts", "mammary gland", "female breast"],
    "hand": ["hand", "hand and wrist", "fingers", "hand bones", "bones of the hand", "fingers and palm"],
    "skin": ["skin", "skin lesion", "skin surface", "a skin lesion", "mole on the skin"],
    "blood": ["blood", "blood cells", "a blood sample", "peripheral blood", "red blood cells", "blood smear"],
    "eye": ["eye", "retina", "back of the eye"],
    "bowel": ["bowel", "colon", "stomach"],
}
DISTRACTOR_REGIONS = ["knee", "foot", "ankle", "shoulder", "spine", "neck", "teeth", "elbow", "leg", "eye", "bowel", "pelvis", "kidney", "liver", "heart"]
# Regions that may truly be in the picture of another: never offered as wrong options beside it.
OVERLAP = {"abdomen": {"pelvis", "kidney", "liver", "bowel", "spine"}, "chest": {"heart", "shoulder", "spine", "liver", "neck"},
           "head": {"teeth", "eye", "neck"}, "breast": {"heart", "chest"}, "skin": set(), "blood": set(), "hand": {"elbow"}}  # fmt: skip

ASK_KIND = [
    "What kind of image is this?", "What type of image is this?", "What kind of picture is this?", "What type of medical image is this?",
    "What is this image?", "Which kind of image is shown?", "What sort of image is this?", "What kind of medical image is shown?",
    "Identify the type of image.", "What does this image show?", "Which of these best describes the image?", "What is shown in this image?",
    "Which option describes the picture?", "Name the kind of image.", "What kind of scan is this?", "What kind of medical picture is it?",
    "Which type of image is displayed?", "What are we looking at?", "How would you describe this image?", "Which image type is this?",
    "What is the type of this medical image?", "What type of picture is this?", "What is depicted in this image?", "What kind of examination is shown?",
    "Select the type of image.", "What kind of image do you see?", "Classify this image.", "What is this a picture of?", "Which study is this?",
    "Which of the following kinds of image is this?", "What type of study is shown here?", "Choose the best description of this image.",
    "What medical image is this?", "What exam is this?", "Which kind of medical image is this?", "What type of scan is shown?",
]  # fmt: skip
TEST_ASK_KIND = ["What kind of image is shown here?", "Which type of medical picture is this?", "What is this picture?",
                 "Which description fits the image?", "Tell me what type of image this is.", "What category of image is this?"]  # fmt: skip
ASK_REGION = [
    "Which body region is shown?", "What part of the body is this?", "Which part of the body is shown?", "What body part is shown?",
    "Which region of the body is imaged?", "What anatomy is shown?", "Which anatomical region is this?", "What organ or region is shown?",
    "Which body part was imaged?", "What region is shown in the image?", "Where in the body is this?", "Which area of the body does this image show?",
    "Name the body region.", "What part of the body does the image show?", "Identify the body part.", "Which body part is visible?",
    "What anatomical area is pictured?", "Which part of the patient is shown?", "What body region does this picture show?", "Which organ system is shown?",
    "What is the imaged body part?", "Which region is this?", "Which part of the body do you see?", "What structure is imaged?",
]  # fmt: skip
TEST_ASK_REGION = ["Which region of the body is shown here?", "What body part do you see?", "Which body area was imaged?", "Name the part of the body."]
ASK_MODALITY = [
    "Which imaging modality was used?", "What modality is this?", "What imaging modality is this?", "How was this image taken?", "How was this image made?",
    "Which technique was used to take this image?", "What imaging method was used?", "Which modality is shown?", "What is the modality of this image?",
    "What imaging technique is this?", "With which method was this picture made?", "What was used to make this image?", "Name the imaging modality.",
    "Which type of imaging was used?", "What type of imaging is this?", "Identify the imaging modality.", "What kind of imaging was used?",
    "Which method produced this image?", "By which technique was the image acquired?", "What imaging technology was used?", "How was this picture obtained?",
    "Which device made this image?", "What imaging modality was used to acquire this image?", "In which modality was this taken?",
]  # fmt: skip
TEST_ASK_MODALITY = ["Which imaging technique is it?", "What modality was used here?", "How was the picture acquired?", "Name the technique that was used."]
ASK_IF_KIND = ["Is this {a} {x}?", "Is the image {a} {x}?", "Does this image show {a} {x}?", "Is this picture {a} {x}?", "Is it {a} {x}?", "Are we looking at {a} {x}?",
               "Would you call this {a} {x}?", "Is what you see {a} {x}?"]  # fmt: skip
TEST_ASK_IF_KIND = ["Is what is shown {a} {x}?", "Can this be {a} {x}?"]
ASK_IF_REGION = ["Is this the {x}?", "Does this image show the {x}?", "Is the {x} shown?", "Is this an image of the {x}?", "Is the {x} imaged here?", "Was the {x} imaged?",
                 "Do you see the {x}?"]  # fmt: skip
TEST_ASK_IF_REGION = ["Does the picture show the {x}?"]
ASK_IF_MODALITY = ["Was this taken with {x}?", "Is the modality {x}?", "Was {x} used?", "Was this image made with {x}?", "Is this {x}?", "Is the imaging method {x}?"]
TEST_ASK_IF_MODALITY = ["Was {x} the method used?"]
ASK_LESION = ["Is this lesion benign or malignant?", "Is the skin lesion benign or malignant?", "What is the nature of this lesion?", "Benign or malignant?",
              "Is this mole benign or malignant?", "How should this lesion be classified, benign or malignant?", "Which best describes the lesion?"]  # fmt: skip
LESION_WORDS = {"benign": ["Benign", "benign", "Benign lesion", "Benign (harmless)"], "malignant": ["Malignant", "malignant", "Malignant lesion", "Malignant (cancer)"]}
ASK_COLOUR = ["Is this picture in colour?", "Is the image in color?", "Is it a colour image?"]
