"""Ways to ask a question. The TEST_ lists are used for evaluation only."""

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
TEST_ASK_REGION = [
    "Which region of the body is shown here?",
    "What body part do you see?",
    "Which body area was imaged?",
    "Name the part of the body.",
]
ASK_MODALITY = [
    "Which imaging modality was used?", "What modality is this?", "What imaging modality is this?", "How was this image taken?", "How was this image made?",
    "Which technique was used to take this image?", "What imaging method was used?", "Which modality is shown?", "What is the modality of this image?",
    "What imaging technique is this?", "With which method was this picture made?", "What was used to make this image?", "Name the imaging modality.",
    "Which type of imaging was used?", "What type of imaging is this?", "Identify the imaging modality.", "What kind of imaging was used?",
    "Which method produced this image?", "By which technique was the image acquired?", "What imaging technology was used?", "How was this picture obtained?",
    "Which device made this image?", "What imaging modality was used to acquire this image?", "In which modality was this taken?",
]  # fmt: skip
TEST_ASK_MODALITY = [
    "Which imaging technique is it?",
    "What modality was used here?",
    "How was the picture acquired?",
    "Name the technique that was used.",
]
ASK_IF_KIND = ["Is this {a} {x}?", "Is the image {a} {x}?", "Does this image show {a} {x}?", "Is this picture {a} {x}?", "Is it {a} {x}?", "Are we looking at {a} {x}?",
               "Would you call this {a} {x}?", "Is what you see {a} {x}?"]  # fmt: skip
TEST_ASK_IF_KIND = ["Is what is shown {a} {x}?", "Can this be {a} {x}?"]
ASK_IF_REGION = ["Is this the {x}?", "Does this image show the {x}?", "Is the {x} shown?", "Is this an image of the {x}?", "Is the {x} imaged here?", "Was the {x} imaged?",
                 "Do you see the {x}?"]  # fmt: skip
TEST_ASK_IF_REGION = ["Does the picture show the {x}?"]
ASK_IF_MODALITY = [
    "Was this taken with {x}?",
    "Is the modality {x}?",
    "Was {x} used?",
    "Was this image made with {x}?",
    "Is this {x}?",
    "Is the imaging method {x}?",
]
TEST_ASK_IF_MODALITY = ["Was {x} the method used?"]
ASK_LESION = ["Is this lesion benign or malignant?", "Is the skin lesion benign or malignant?", "What is the nature of this lesion?", "Benign or malignant?",
              "Is this mole benign or malignant?", "How should this lesion be classified, benign or malignant?", "Which best describes the lesion?"]  # fmt: skip
LESION_WORDS = {
    "benign": ["Benign", "benign", "Benign lesion", "Benign (harmless)"],
    "malignant": ["Malignant", "malignant", "Malignant lesion", "Malignant (cancer)"],
}
ASK_COLOUR = ["Is this picture in colour?", "Is the image in color?", "Is it a colour image?"]
