/** The words that announce a key, an explanation or other notes, in the languages of question sheets. */

/** "Answer", "Respuesta correcta", "答案": whatever follows the colon is the key, be it a letter or a text. */
const STRONG = [
  // English
  '(?:(?:correct|right|best|true|model|expected|gold|suggested|official|final|single best|most appropriate) )?(?:answers?(?:\\(s\\))?|ans)(?: (?:key|option|choice|letter))?(?: and explanations?)?',
  '(?:correct|right) (?:options?|opt|choices?|response|alternative|letter|ans|statement)|assistant|chatgpt',
  // Spanish, Portuguese, French, Italian
  'respuestas?(?:\\(s\\))?(?: (?:correctas?|esperada))?|r(?:p)?ta|(?:opci[oó]n|alternativa|letra|literal|inciso|enunciado|afirmaci[oó]n) correct[ao]|clave de respuestas?',
  'respostas?(?: (?:corret|cert)as?)?|gabarito|op[cç][aã]o corret[a]',
  '(?:bonnes? )?r[ée]ponses?(?:\\(s\\))?(?: (?:correctes?|exactes?|justes?|attendue))?|r[ée]p',
  'rispost[ae](?: (?:corrett|esatt|giust)[ae])?|opzione corretta',
  // German, Dutch, Swedish, Danish, Norwegian, Finnish
  '(?:(?:richtig|korrekt)e )?antwort(?:en)?|richtig(?:e antwort)? ist|l[öo]sungsschl[üu]ssel',
  '(?:juiste |correcte? |goede )?antwoord(?:en)?|(?:r[äa]tt |riktig |rigtig |korrekt )?svar|(?:oikea )?vastaus',
  // Russian, Ukrainian, Polish, Czech, Romanian, Hungarian, Greek, Turkish
  '(?:правильный |верный )?ответы?|отв|(?:правильна )?відповідь',
  '(?:poprawna |prawid[łl]owa )?odpowied[źz]|odp|(?:spr[áa]vn[áa] )?odpov[ěe][ďd]|r[ăa]spuns(?: corect)?|(?:helyes )?v[áa]lasz',
  '(?:σωστή )?απάντηση|(?:do[ğg]ru )?(?:cevap|yan[ıi]t)',
  // Arabic, Persian, Hebrew, Hindi
  '(?:ال)?(?:إ|ا)جاب(?:ة|ه|ات)(?: الصحيح(?:ة|ه)| النموذجية)?|(?:ال)?جواب(?: الصحيح)?|(?:ال)?(?:خيار|اختيار) الصحيح|(?:پاسخ|جواب|گزینه)(?: صحیح| درست)?|ה?תשובה(?: ה?נכונה)?|(?:सही )?उत्तर|(?:सही )?जवाब',
  // Vietnamese, Indonesian, Malay, Thai
  'đáp án(?: đúng)?|trả lời|câu trả lời|(?:kunci )?jawaban(?: yang benar)?|jawapan|คำตอบ|เฉลย',
];

/** Without a space behind them: Chinese, Japanese, Korean. */
const STRONG_CJK =
  '(?:本题|本題)?(?:正确|正確|参考|參考|标准|標準)?(?:答案|选项)(?:选|選)?|正解|正答|解答|答え|答|(?:모범 ?)?정답|해답|답';

/** These also begin ordinary sentences ("Solution: saline"), so only a letter or the text of a choice counts as a key. */
const WEAK = [
  'key|solutions?|sol|response|correct|right|ground truth|gold|label',
  'soluci[oó]n|clave|correct[ao]|resp|solu[cç][aã]o|correta|chave|corrig[ée]|correction|soluzione|corretta|esatta|chiave',
  'l[öo]sung(?:en)?|richtig(?: ist)?|korrekt|schl[üu]ssel|oplossing|juist|facit|ключ|решение|верно|правильно|klucz',
  'ال?حل|المفتاح|צ|פתרון|kunci|back|verso|rück(?:seite)?',
];

const EXPLANATION = [
  '(?:answer |detailed |brief )?(?:explanations?|rationales?|justifications?|discussion|feedback|solution explained)(?: (?:of|for) (?:the )?(?:correct )?answers?)?',
  'general feedback|teaching points?|educational objective|take[- ]home message|learning point|learning objective|why|reason(?:ing)?|hints?|comments?|notes?|because|tip',
  'explicaci[oó]n|justificaci[oó]n|retroalimentaci[oó]n|comentarios?|nota|explica[cç][aã]o|justificativa|coment[áa]rio|explications?|commentaires?|razonamiento|raz[oó]n|spiegazione|motivazione|commento',
  'erkl[äa]rung|begr[üu]ndung|kommentar|erl[äa]uterung|uitleg|toelichting|f[öo]rklaring|wyja[śs]nienie|uzasadnienie|a[çc][ıi]klama|gi[ảa]i th[íi]ch|penjelasan|pembahasan',
  'объяснение|пояснение|обоснование|комментарий|(?:ال)?(?:شرح|تفسير|تعليل|توضيح|سبب)|توضیح|הסבר|व्याख्या|स्पष्टीकरण',
];
const EXPLANATION_CJK = '答案解析|试题解析|解析|解释|解釋|说明|說明|分析|点评|解説|説明|해설|설명|풀이';

const GIVEN = [
  "answer_(?:idx|index)|(?:your|student|selected|given|user)(?:[’']s)? (?:answer|response|choice)s?(?: (?:is|was))?|tu respuesta(?: es)?|votre r[ée]ponse|ihre antwort|sua resposta|ваш ответ|你的答案|إجابتك|我的答案|學生答案|学生答案|mi respuesta",
];

const META = [
  "type|marks?|points?|score|grade|difficulty|topics?|tags?|category|subject|source|ref(?:erences?|s)?|bloom(?:’s|'s)?(?: level| taxonomy)?|level|time limit|id|chapter|section|page|dificultad|referencias?|quelle|source|punkte|难度|考点|知识点|来源|出典|難易度|المرجع|الدرجة",
];

const join = (...lists: (readonly string[] | string)[]): string => lists.flat().join('|');
const ARTICLE = "(?:the |la |le |les |el |il |lo |l[’']|die |das |der |o |as? |con )?";
/**
 * Small letters, at the same places. The patterns of labels are tried at every place of a text, and are many times
 * faster without the flag i.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from({ length: text.length }, (_, i) => {
    const small = text.charAt(i).toLowerCase();
    return small.length === 1 ? small : text.charAt(i);
  }).join('');
}

/** To be matched with folded text. Nothing of the word may follow, so that "Key findings" and "Answering" are left alone. */
const label = (words: string, cjk: string): RegExp =>
  new RegExp(
    `${ARTICLE}(?:(?:${withVowels(words)})(?![\\p{L}\\p{M}\\p{N}_])${cjk === '' ? '' : `|${cjk}`})`,
    'uy',
  );

/** Arabic is sometimes written with its short vowels. */
const withVowels = (words: string): string => words.replace(/[\u0621-\u064a]/gu, '$&[\u064b-\u0652\u0640]*');

export const STRONG_LABEL = label(join(STRONG), STRONG_CJK);
export const WEAK_LABEL = label(join(WEAK), '(?!)');
export const EXPLANATION_LABEL = label(join(EXPLANATION), EXPLANATION_CJK);
/** What a student answered. */
export const GIVEN_LABEL = label(join(GIVEN), '(?!)');
export const META_LABEL = label(join(META), '(?!)');

/** Between label and key: a colon or dash, or a verb. */
export const SEPARATOR =
  /["”]?[ \t]*(?:\*\*|__)?[ \t]*\.?[ \t]*(?:(?:is|are|was|would be|should be|es|est|ist|lautet|è|é|är|er|это|является|هي|هو|c[’']est)(?![\p{L}\p{M}])|[是为為はが選选])?[ \t]*(?:(?:=>|->|[:：=＝→➜﹕–—>-])-?|[】\]）)])?[ \t]*[:：]?[ \t]*(?:\*\*|__)?[ \t]*/iuy;
/** One of these makes the separator explicit. */
export const EXPLICIT_SEPARATOR = /[:：=＝→➜﹕–—>】\])-]/u;
export const VERB_SEPARATOR =
  /(?:^|[ \t])(?:is|are|was|would be|should be|es|est|ist|lautet|è|é|är|er|это|является|هي|هو|c[’']est)(?![\p{L}\p{M}])|[是为為はが選选]/iu;

/** "Answer: in one word" is an instruction. */
export const INSTRUCTION =
  /^(?:in|with|using|use|by|only|each|all|both|either|briefly|please|based|yes or no|true or false|one of|choose|select|pick|give|write|describe|explain|state|name|the (?:following|question|questions)|yes\/no|true\/false|sí o no|oui ou non|ja oder nein|not|unknown|unclear|[_.…\s]+$)(?![\p{L}\p{N}])/iu;

/** "A or B" offers a choice instead of making one. */
export const ALTERNATIVE =
  /^\(?\p{L}{1,8}\)?(?:, ?\p{L}{1,8}){0,9},? (?:or|o|ou|oder|или|أو) \(?\p{L}{1,8}\)?[.?]?$/iu;

/** "B is correct", "Option B is the right answer". */
export const LETTER_IS_RIGHT =
  /^(?:(?:the |answer |option |choice |letter |statement |opci[oó]n |antwort |réponse |вариант )*)[([]?([A-La-l\p{Nd}]|[IVX]{1,4})(?:[)\].]? ?(?:is|was|would be|es|est|ist|è|é) | ?[-–:] ?(?=[^\n]{0,30}(?:correct|richtig|juste|exacte|certa|правил|верн))|[)\].] ?(?=correct [ac])| (?=correct|richtig))(?:therefore |thus |clearly |la |the |die |le )?(?:correct|right|best|true|correct[ao]|richtig|correcta|juste|exacte|certa|corretta|правильный|верный)(?: (?:answer|choice|option|one|response|respuesta|antwort|réponse|resposta|risposta|ответ))?(?![\p{L}\p{M}])/iu;
/** Cheaper: whether a folded line may be one of these sentences. */
export const RIGHT_SENTENCE = /corre|right|best|true|richtig|juste|exacte|certa|правил|верн|^(?:so )?it/u;
/** "It is B." after a question, and "The right one is B". */
export const IT_IS_LETTER =
  /^(?:so )?(?:it[’']?s?(?: is)?|the (?:correct|right|best) one is) [([]?([A-La-l])[)\]]?\.?$/iu;

export const QUESTION_END = /[?？؟;][)\]»”"’'*_\s]*$/u;
export const HAS_QUESTION = /[?？؟]/u;
