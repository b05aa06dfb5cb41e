/** Recognizes models in a form that is not a checkpoint, so that the error names what they are. */
import { RoundsError } from '../shared/errors';
import { decodeJson, NOT_GGUF, readBytes, type CheckpointSource } from './source';

const MAX_ADAPTER_CONFIG_BYTES = 1_000_000;
const OTHER_WEIGHTS = /\.(?:bin|pt|pth|ckpt|h5|msgpack|onnx|npz|mlmodel|tflite)$/i;

/**
 * @throws RoundsError checkpoint_invalid for a LoRA adapter or a GGUF file without a checkpoint
 */
export async function refuseOtherForms(source: CheckpointSource): Promise<void> {
  const files = await source.list();
  if (files.some((name) => /^model.*\.safetensors(?:\.index\.json)?$/.test(name))) return;
  if (files.some((name) => name === 'adapter_config.json' || name.startsWith('adapter_model.'))) {
    const base = await baseModel(source);
    refuse(
      `${source.name} is a LoRA adapter: only the changes to ${base ?? 'its base model'}. Merge it into that model (merge_and_unload in PEFT), save the result and convert that.`,
    );
  }
  const gguf = files.find((name) => name.toLowerCase().endsWith('.gguf'));
  if (gguf !== undefined) refuse(`${source.name} has only ${gguf}. ${NOT_GGUF}`);
}

/** What a checkpoint without safetensors has instead. */
export function refuseNoWeights(name: string, files: readonly string[]): never {
  const other = files.find((file) => OTHER_WEIGHTS.test(file));
  if (other !== undefined) {
    refuse(
      `There is no model.safetensors, only ${other}, which the converter cannot read. Save the model in safetensors format.`,
    );
  }
  const renamed = files.find((file) => file.endsWith('.safetensors'));
  return refuse(
    renamed === undefined
      ? `There is no model.safetensors and no model.safetensors.index.json in ${name}. Choose the folder of a Hugging Face model.`
      : `There is no model.safetensors and no model.safetensors.index.json in ${name}, only ${renamed}. Rename it to model.safetensors if it is the whole model, or add the index.`,
  );
}

async function baseModel(source: CheckpointSource): Promise<string | null> {
  const bytes = await readBytes(source, 'adapter_config.json', MAX_ADAPTER_CONFIG_BYTES);
  const config =
    bytes && (decodeJson(bytes, 'adapter_config.json') as { base_model_name_or_path?: unknown } | null);
  const base = config?.base_model_name_or_path;
  return typeof base === 'string' && base !== '' ? base.slice(0, 100) : null;
}

function refuse(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}
