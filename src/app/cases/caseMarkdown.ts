/** A case as Markdown, for notes and mails. The model’s text stays Markdown, but without HTML and images. */
import { optionLetter } from '../../shared/options';
import { findPreset } from '../../shared/presets';
import { dataText, t } from '../i18n/i18n.svelte';
import { judge, type Verdict } from '../question/prompting';
import { adapterText } from '../text/deviceText';
import { formatDuration, formatNumber, formatRate } from '../text/format';
import { titleOf, type CaseAnswer, type CaseEntry, type CaseRecord, type CaseRollouts } from './caseFormat';

/** @param pictures URL of each image of the case (a data URL or a path); empty to leave images out */
export function caseMarkdown(record: CaseRecord, pictures: readonly string[] = []): string {
  const blocks = [
    `# ${line(titleOf(record))}`,
    ...pictures.map((address, index) => `![${t('cases.imageNumber', { number: index + 1 })}](${address})`),
    ...record.entries.map((entry, index) =>
      entryMarkdown(entry, record.entries.length > 1 ? index + 1 : null),
    ),
    ...(record.notes === '' ? [] : [`## ${t('cases.notes')}`, safe(record.notes)]),
    '---',
    ...modelLines(record),
    t('cases.notMedical'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** One question with its answer, without the rest of its case. */
export function entryMarkdown(entry: CaseEntry, number: number | null = null): string {
  const { question, options, key } = entry.asked;
  const heading = `## ${number === null ? '' : `${number}. `}${line(question)}`;
  const choices = options.map((option, index) => {
    const text = `${optionLetter(index)}. ${line(option)}`;
    return `- ${index === key ? `**${text}** ✓` : text}`;
  });
  const rest = entry.kind === 'answer' ? answerBlocks(entry) : rolloutBlocks(entry);
  return [heading, ...(choices.length > 0 ? [choices.join('\n')] : []), ...rest].join('\n\n');
}

function answerBlocks(entry: CaseAnswer): string[] {
  const verdict = verdictOf(entry, entry.result?.text ?? '');
  const { thinking, answer, asked, error } = entry;
  return [
    `### ${t('cases.answer')}`,
    ...(error ? [t('cases.failedWith', { code: error.code })] : []),
    ...(answer.trim() === '' ? [] : [safe(answer.trim())]),
    ...(verdict ? [verdictLine(verdict, asked.options)] : []),
    ...(thinking.trim() === '' ? [] : [`### ${t('cases.reasoning')}`, quoted(thinking.trim())]),
    figures(entry),
  ];
}

function rolloutBlocks(entry: CaseRollouts): string[] {
  const head = [
    t('cases.rollout'),
    t('cases.answer'),
    ...(entry.asked.key === null ? [] : [t('cases.reward')]),
  ];
  const rows = entry.rollouts.map((rollout) => {
    const verdict = verdictOf(entry, rollout.text);
    const chosen = verdict?.chosen ?? null;
    const text =
      chosen === null ? rollout.answer : `${optionLetter(chosen)}. ${entry.asked.options[chosen] ?? ''}`;
    const reward = entry.asked.key === null ? [] : [formatNumber(verdict?.reward ?? 0)];
    return [String(rollout.index + 1), cell(text), ...reward];
  });
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [
    t('cases.rolloutsAt', { count: entry.count, temperature: formatNumber(entry.temperature) }),
    table.join('\n'),
  ];
}

/** Null if there is nothing to grade, or the answer didn't finish. */
export function verdictOf({ asked, status }: CaseEntry, text: string): Verdict | null {
  return status === 'done' ? judge({ ...asked, images: [] }, text) : null;
}

/** “B. Brain MRI: right. Reward 1 (form 1, answer 1).” */
export function verdictLine(
  { chosen, correct, reward, format, accuracy }: Verdict,
  options: readonly string[],
): string {
  const choice =
    chosen === null ? t('cases.noChoice') : `${optionLetter(chosen)}. ${line(options[chosen] ?? '')}`;
  if (correct === null) return choice;
  const values = {
    reward: formatNumber(reward),
    form: formatNumber(format),
    accuracy: formatNumber(accuracy),
  };
  return `${choice} · ${t(correct ? 'cases.right' : 'cases.wrong')} · ${t('cases.rewardParts', values)}`;
}

/** How the answer was generated: prompt, seed, time, speed. */
export function figures({ asked, elapsedMs, tokens, result }: CaseAnswer): string {
  const { sampling } = asked;
  const temperature = sampling.temperature ?? findPreset(asked.presetId).settings.temperature;
  return [
    t('cases.promptOf', { preset: dataText(findPreset(asked.presetId).label) }),
    t('cases.temperature', { value: formatNumber(temperature) }),
    t('cases.seed', { seed: String(sampling.seed) }),
    t('cases.tokensIn', { count: tokens, time: formatDuration(elapsedMs) }),
    ...(result ? [t('cases.speed', { rate: formatRate(result.timing.decodeTokensPerSecond) })] : []),
  ].join(' · ');
}

/** A line for each model that answered: name, weights, hash, device. */
export function modelLines({ entries }: CaseRecord): string[] {
  const lines = entries.flatMap(({ model }) => {
    if (!model) return [];
    const { name, packHash, weights, device } = model;
    const values = {
      name,
      weights,
      hash: packHash,
      adapter: adapterText(device),
      activations: device.activations,
    };
    return [t('cases.modelLine', values)];
  });
  return [...new Set(lines)];
}

function safe(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('![', '!\\[');
}

/** On one line, so that it can't start a block. */
function line(text: string): string {
  return safe(text.replace(/\s+/g, ' ').trim());
}

function cell(text: string): string {
  return line(text).replaceAll('|', '\\|');
}

function quoted(text: string): string {
  return safe(text)
    .split('\n')
    .map((part) => `> ${part}`)
    .join('\n');
}
