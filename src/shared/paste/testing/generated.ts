/** Parts of questions, which the tests put together in every way. */

export interface Form {
  language: string;
  stems: string[];
  options: string[];
  /** What is in front of the three choices. */
  names: string[][];
  /** `{letter}` and `{text}` stand for the right choice; SECRET gives it away. */
  keys: string[];
}

const LATIN = [
  ['A) ', 'B) ', 'C) '],
  ['a. ', 'b. ', 'c. '],
  ['(A) ', '(B) ', '(C) '],
  ['[A] ', '[B] ', '[C] '],
  ['A.\t', 'B.\t', 'C.\t'],
  ['A: ', 'B: ', 'C: '],
  ['A – ', 'B – ', 'C – '],
  ['A/ ', 'B/ ', 'C/ '],
  ['\ta) ', '\tb) ', '\tc) '],
  ['**A.** ', '**B.** ', '**C.** '],
  ['- A) ', '- B) ', '- C) '],
  ['• a) ', '• b) ', '• c) '],
  ['I. ', 'II. ', 'III. '],
  ['1) ', '2) ', '3) '],
  ['Ⓐ ', 'Ⓑ ', 'Ⓒ '],
  ['Ａ．', 'Ｂ．', 'Ｃ．'],
];

export const FORMS: readonly Form[] = [
  {
    language: 'English',
    stems: [
      'What kind of image is this?',
      'A man coughs.\nWhich is it most likely?',
      'The image shows which of the following:',
    ],
    options: ['Chest X-ray', 'Brain MRI', 'Blood smear'],
    names: [...LATIN, ['Option A: ', 'Option B: ', 'Option C: ']],
    keys: [
      'Answer: {letter}',
      'ANSWER: {letter}',
      'Answer: {letter}. SECRET is visible.',
      'Answer: {text}',
      'Answer: {letter}) {text}\nSECRET is visible.',
      'Ans. {letter}',
      'Correct answer: ({letter})\n\nExplanation: SECRET',
      'Key: {letter}',
      'The correct answer is {letter}.',
      'The answer is {letter} because of the SECRET.',
      'Correct option: {letter}\nRationale\nSECRET',
      '\n**Answer:** {letter}\n\n**Explanation:** SECRET',
      'RA: {letter}',
      'Choice = {letter}',
    ],
  },
  {
    language: 'Spanish',
    stems: ['¿Qué tipo de imagen es esta?', 'Un varón tose.\n¿Qué muestra la imagen?', 'La imagen muestra:'],
    options: ['Radiografía de tórax', 'RM cerebral', 'Frotis de sangre'],
    names: [...LATIN, ['Opción A: ', 'Opción B: ', 'Opción C: ']],
    keys: [
      'Respuesta: {letter}',
      'RESPUESTA CORRECTA: {letter}',
      'Respuesta: {letter}. Se ve SECRET.',
      'Respuesta correcta: {text}',
      'La respuesta correcta es la {letter}.',
      'La opción correcta es {letter}, porque se ve SECRET.',
      'Rpta: {letter}',
      'Rta.: {letter}\nJustificación: SECRET',
      'Solución: {letter}\nExplicación: SECRET',
      'Clave: {letter}',
      'R: {letter}',
      'Literal correcto: {letter}',
    ],
  },
  {
    language: 'Chinese',
    stems: ['这是什么类型的图像？', '患者咳嗽。\n图像显示什么？', '该图像为：'],
    options: ['胸部X线片', '脑部磁共振', '血涂片检查'],
    names: [
      ...LATIN,
      ['A、', 'B、', 'C、'],
      ['A．', 'B．', 'C．'],
      ['（A）', '（B）', '（C）'],
      ['A：', 'B：', 'C：'],
      ['①', '②', '③'],
      ['甲、', '乙、', '丙、'],
    ],
    keys: [
      '答案：{letter}',
      '正确答案：{letter}',
      '正确答案是{letter}。',
      '参考答案：{letter}\n解析：可见SECRET',
      '【答案】{letter}\n【解析】可见SECRET',
      '答案：{text}',
      '答案：{letter}。可见SECRET',
      '答：{letter}',
      '标准答案：（{letter}）',
      '选项：{letter}',
    ],
  },
  {
    language: 'Arabic',
    stems: ['ما نوع هذه الصورة؟', 'رجل يسعل.\nماذا تظهر الصورة؟', 'تظهر الصورة:'],
    options: ['أشعة سينية للصدر', 'رنين مغناطيسي للدماغ', 'لطاخة دم'],
    names: [
      ['أ) ', 'ب) ', 'ج) '],
      ['أ. ', 'ب. ', 'ج. '],
      ['أ- ', 'ب- ', 'ج- '],
      ['أ – ', 'ب – ', 'ج – '],
      ['(أ) ', '(ب) ', '(ج) '],
      ['أ: ', 'ب: ', 'ج: '],
      ['ا) ', 'ب) ', 'ت) '],
      ['١. ', '٢. ', '٣. '],
      ['١) ', '٢) ', '٣) '],
      ['١- ', '٢- ', '٣- '],
      ['• أ) ', '• ب) ', '• ج) '],
      ['A) ', 'B) ', 'C) '],
    ],
    keys: [
      'الإجابة: {letter}',
      'الإجابة الصحيحة: {letter}',
      'الاجابة الصحيحة هي {letter}',
      'الجواب: {letter}\nالشرح: SECRET',
      'الجواب الصحيح هو: {letter}',
      'الإجابة: {text}',
      'الإجابة: {letter}، لأن SECRET واضح.',
      'الخيار الصحيح: {letter}\nالتفسير: SECRET',
      'الحل: {letter}',
    ],
  },
];
