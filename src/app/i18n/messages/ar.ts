import type { Translation } from '../messages';
import answer from './ar/answer.json';
import ask from './ar/ask.json';
import cases from './ar/cases.json';
import common from './ar/common.json';
import data from './ar/data.json';
import device from './ar/device.json';
import errors from './ar/errors.json';
import format from './ar/format.json';
import image from './ar/image.json';
import jobs from './ar/jobs.json';
import language from './ar/language.json';
import library from './ar/library.json';
import model from './ar/model.json';
import rollouts from './ar/rollouts.json';
import shell from './ar/shell.json';

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
