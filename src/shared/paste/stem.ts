/** The lines above a list of choices: numbers, headers and what a learning platform adds are not part of the question. */
import { tidy } from './line';

/** "1.", "Q2)", "Question 3:" */
export const NUMBERED =
  /^[\s*_#>]*(?:(?:Q|Question|Frage|Pregunta|Pergunta|Domanda|Вопрос|Soru|Pytanie|Vraag|Item|MCQ|QCM|第|问题|問題|題|문제|سؤال|السؤال|س)[\s.:#]*\p{Nd}{1,3}|[一二三四五六七八九十]{1,2}、|\p{Nd}{1,3}\s?[.)．、:](?!\p{Nd}))[\s*_题題問问]*[.:)\]：．、-]?/iu;

/** "Q:" */
export const LABEL =
  /^[\s*_>#]*(?:Q|Question|Frage|Pregunta|Pergunta|Domanda|Вопрос|Front|User|Human|Student|题目|问题?|問題?|سؤال|السؤال|س)\s*[:：.]\s*/iu;

const HEADER =
  /^[\s*_#>]*(?:(?:answer|response)\s+)?(?:options?|choices?|opciones|opções|optionen|antwortmöglichkeiten|opzioni|варианты(?: ответа)?|选项|選択肢|보기|الخيارات|propositions)[\s*_]*[:：]?[\s*_]*$/iu;
const NOISE =
  /^\s*(?:question text|not yet answered|answered|flag(?:ged)? question|select one(?: or more)?:?|choose one:?|seleccione una:?|veuillez choisir (?:une réponse\s?:?|au moins une réponse\s?:?)|wählen sie eine antwort:?|incorrect|correct|mark(?:ed)? (?:out of )?[\d.,]+(?: out of [\d.,]+)?|\*?\s*[([]?\d+ ?(?:points?|pts?|marks?|puntos?)[)\]]?|multiple choice|required|question \d+|[-–—_*=]{3,}|sin responder aún|respuesta guardada|puntúa (?:como )?[\d.,]+(?: sobre [\d.,]+)?|(?:des)?marcar pregunta|enunciado de la pregunta|quitar marca|correcta|incorrecta|finalizado|opción múltiple|单选题|多选题|试题正文|题干|未作答|标记试题|满分 ?[\d.]+|[\d.]+ ?分|نص السؤال|لم يتم الإجابة عليه بعد|الدرجة من [\d.,]+|علّم هذا السؤال|اختر واحدا?ً?:?|اختر إجابة واحدة:?|请选择一[项个]：?)\s*$/iu;
const LAST_HEADER = /(?:^|[\s:])(?:answer )?(?:options|choices)\s*:?\s*$/iu;

/** "Options:", "Select one:" */
export const isHeader = (line: string): boolean =>
  HEADER.test(line.slice(0, 100)) || LAST_HEADER.test(line.slice(-40));

export const isNoise = (line: string): boolean => line.length < 100 && NOISE.test(line);

export function questionText(stem: readonly string[]): string {
  const lines = stem.filter((line) => !HEADER.test(line.slice(0, 100)) && !isNoise(line)).map(withoutBold);
  const text = lines
    .join('\n')
    .trim()
    .replace(/^[*•] (?=\S)/u, '');
  const number = NUMBERED.exec(text.slice(0, 60))?.[0] ?? '';
  const rest = text.slice(number.length).trim();
  const asked = evenBold((rest === '' ? text : rest).replace(LABEL, '').replace(KIND, ''));
  const tail = asked.slice(-40);
  const header = LAST_HEADER.exec(tail);
  const cut =
    header && /[\n:]/u.test(header[0]) ? asked.length - tail.length + header.index + 1 : asked.length;
  // A form marks what must be answered.
  return asked
    .slice(0, cut)
    .trim()
    .replace(/(?<=[?？؟]) ?\*$/u, '')
    .replace(/\n$/u, '');
}

/** "（单选题）", "[Multiple choice]" */
const KIND =
  /^[([（【]\s?(?:[单多][项选]?选择?题?|判断题?|single choice|multiple choice|mcq|opción múltiple|\d{1,3} ?(?:分|points?|pts?|marks?|puntos?))\s?[)\]）】]\s*/iu;

/** The end of a bold text whose start was in front of the number, or a start without its end. */
function evenBold(text: string): string {
  if (text.split('**').length % 2 === 1) return text;
  return text.startsWith('**') ? text.slice(2).trimStart() : text.replace(/\*\*(?=\s|$)/u, '');
}

function withoutBold(line: string): string {
  const trimmed = line.trim();
  const isBold =
    /^(?:#{1,6} |\*\*|__)/u.test(trimmed) &&
    (trimmed.startsWith('#') || trimmed.endsWith(trimmed.slice(0, 2)));
  return isBold ? tidy(trimmed.replace(/^#{1,6} /u, '')).replace(/^(\*\*|__)/u, '') : line.trimEnd();
}
