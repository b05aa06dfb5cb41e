/** Questions that the embedded model was trained on (models/train/questions.py). */
import type { MessageKey } from '../i18n/messages';

export interface Suggestion {
  /** Text of the chip. */
  label: MessageKey;
  /** In English like the choices, since the embedded model was trained in English. */
  question: string;
  options: string[];
}

export const SUGGESTIONS: readonly Suggestion[] = [
  {
    label: 'ask.suggestKind',
    question: 'What kind of image is this?',
    options: ['Chest X-ray', 'Head CT', 'Brain MRI', 'Blood smear'],
  },
  {
    label: 'ask.suggestRegion',
    question: 'Which part of the body is shown?',
    options: ['Head', 'Chest', 'Abdomen', 'Hand'],
  },
  {
    label: 'ask.suggestModality',
    question: 'Which imaging modality was used?',
    options: ['X-ray', 'CT', 'MRI', 'Microscopy'],
  },
  { label: 'ask.suggestXray', question: 'Is this an X-ray?', options: ['Yes', 'No'] },
  {
    label: 'ask.suggestBenign',
    question: 'Is this skin lesion benign or malignant?',
    options: ['Benign', 'Malignant'],
  },
];
