/** Questions that the embedded model was trained for (models/train/questions.py): a start, not a limit. */
export interface Suggestion {
  /** What the chip says. */
  label: string;
  question: string;
  options: string[];
}

export const SUGGESTIONS: readonly Suggestion[] = [
  {
    label: 'What kind of image?',
    question: 'What kind of image is this?',
    options: ['Chest X-ray', 'Head CT', 'Brain MRI', 'Blood smear'],
  },
  {
    label: 'Which body region?',
    question: 'Which part of the body is shown?',
    options: ['Head', 'Chest', 'Abdomen', 'Hand'],
  },
  {
    label: 'Which modality?',
    question: 'Which imaging modality was used?',
    options: ['X-ray', 'CT', 'MRI', 'Microscopy'],
  },
  { label: 'Is it an X-ray?', question: 'Is this an X-ray?', options: ['Yes', 'No'] },
  {
    label: 'Benign or malignant?',
    question: 'Is this skin lesion benign or malignant?',
    options: ['Benign', 'Malignant'],
  },
];
