import type { Translation } from '../messages';
import answer from './zh/answer.json';
import ask from './zh/ask.json';
import cases from './zh/cases.json';
import common from './zh/common.json';
import data from './zh/data.json';
import device from './zh/device.json';
import errors from './zh/errors.json';
import format from './zh/format.json';
import image from './zh/image.json';
import jobs from './zh/jobs.json';
import language from './zh/language.json';
import library from './zh/library.json';
import model from './zh/model.json';
import rollouts from './zh/rollouts.json';
import shell from './zh/shell.json';

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
