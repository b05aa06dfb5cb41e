import type { Translation } from '../messages';
import answer from './es/answer.json';
import ask from './es/ask.json';
import cases from './es/cases.json';
import common from './es/common.json';
import data from './es/data.json';
import device from './es/device.json';
import errors from './es/errors.json';
import format from './es/format.json';
import image from './es/image.json';
import jobs from './es/jobs.json';
import language from './es/language.json';
import library from './es/library.json';
import model from './es/model.json';
import rollouts from './es/rollouts.json';
import shell from './es/shell.json';

export default {
  answer,
  ask,
  cases,
  common,
  data,
  device,
  errors,
  format,
  image,
  jobs,
  language,
  library,
  model,
  rollouts,
  shell,
} satisfies Translation;
