/** Copies results of the GPU to the host, through one buffer that is used again. */
export class ReadBuffer {
  readonly #device: GPUDevice;
  #buffer: GPUBuffer | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The first bytes of a buffer, after all work submitted so far. One call at a time. */
  async read(source: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const buffer = this.#ofSize(size);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, buffer, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ, 0, size);
    const data = buffer.getMappedRange(0, size).slice(0, bytes);
    buffer.unmap();
    return data;
  }

  #ofSize(size: number): GPUBuffer {
    if (this.#buffer && this.#buffer.size >= size) return this.#buffer;
    this.#buffer?.destroy();
    this.#buffer = this.#device.createBuffer({
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    return this.#buffer;
  }
}
