/**
 * In which form quantized weights are computed with on WebAssembly. onnxruntime's MatMulNBits unpacks every weight for
 * every token there, one at a time. Three other forms give the same float32 products without it; they differ in memory
 * and speed (docs/speed.md).
 */
import { BLOCK_SIZE, type PackManifest, type PackTensor } from '../../shared/pack';
import { FLOAT32_BUDGET_BYTES, INT8_BUDGET_BYTES } from '../../shared/wasmWeights';

/**
 * - `float32`: unpacked at load. 4 bytes per weight; the fastest.
 * - `int8`: integers of one byte and float32 scales, multiplied before each product. 1.1 bytes; half as fast.
 * - `int4`: the same with half a byte. 0.6 bytes; a sixth as fast.
 */
export type WeightForm = 'float32' | 'int8' | 'int4';

/** By name of the pack tensor. The head that a model shares with its embedding has the embedding's name. */
export type WeightForms = ReadonlyMap<string, WeightForm>;

const SCALE_BYTES = 4 / BLOCK_SIZE;
const BYTES: Record<WeightForm, number> = { float32: 4, int8: 1 + SCALE_BYTES, int4: 0.5 + SCALE_BYTES };

/**
 * Chooses the fastest forms within the memory budgets. Weights of the vision tower are never float32: a product with
 * all patches of an image takes so long that unpacking does not count.
 */
export function planWeightForms(manifest: PackManifest): WeightForms {
  const linear = manifest.tensors.filter((tensor) => isQuantizedLinear(tensor, manifest));
  const total = (form: WeightForm): number =>
    linear.reduce((sum, tensor) => sum + formBytes(tensor, form), 0);
  const small: WeightForm = total('int8') <= INT8_BUDGET_BYTES ? 'int8' : 'int4';
  const forms = new Map<string, WeightForm>();
  for (const tensor of linear) forms.set(tensor.name, small === 'int4' && canPack(tensor) ? 'int4' : 'int8');
  let left =
    FLOAT32_BUDGET_BYTES - linear.reduce((sum, tensor) => sum + formBytes(tensor, formOf(forms, tensor)), 0);
  for (const tensor of headFirst(linear)) {
    const more = formBytes(tensor, 'float32') - formBytes(tensor, formOf(forms, tensor));
    if (tensor.name.startsWith('visual.') || more > left) continue;
    forms.set(tensor.name, 'float32');
    left -= more;
  }
  return forms;
}

function formOf(forms: WeightForms, { name }: PackTensor): WeightForm {
  return forms.get(name) ?? 'int8';
}

function formBytes({ shape }: PackTensor, form: WeightForm): number {
  return shape.reduce((a, b) => a * b, 1) * BYTES[form];
}

/** Two weights of neighbouring rows share a byte. */
function canPack({ dtype, shape }: PackTensor): boolean {
  return dtype === 'q4' && (shape[0] ?? 1) % 2 === 0;
}

function isQuantizedLinear({ name, dtype, shape }: PackTensor, { model }: PackManifest): boolean {
  if (name === 'model.embed_tokens.weight' && !model.text.tieWordEmbeddings) return false;
  return (dtype === 'q4' || dtype === 'q8') && shape.length === 2;
}

/** The head is the largest weight, and its products in another form need the most working memory. */
function headFirst(tensors: readonly PackTensor[]): PackTensor[] {
  const isHead = ({ name }: PackTensor): boolean =>
    name === 'model.embed_tokens.weight' || name === 'lm_head.weight';
  return [...tensors.filter(isHead), ...tensors.filter((tensor) => !isHead(tensor))];
}
