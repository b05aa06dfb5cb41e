/** Answers the page's requests to the library, each with exactly one reply. Calls run concurrently. */
import { RoundsError } from '../shared/errors';
import type { FromLibrary, LibraryCallName, LibraryCalls, LibraryRequest } from '../shared/library';
import type { LibraryService } from '../runtime/library/library';

export class LibraryHandler {
  readonly #library: LibraryService;
  readonly #post: (message: FromLibrary) => void;

  constructor(library: LibraryService, post: (message: FromLibrary) => void) {
    this.#library = library;
    this.#post = post;
  }

  handle(request: LibraryRequest): void {
    void this.#answer(request.id, () => this.#dispatch(request));
  }

  async #answer(id: number, work: () => Promise<LibraryCalls[LibraryCallName][1]>): Promise<void> {
    try {
      this.#post({ type: 'result', id, result: await work() });
    } catch (thrown) {
      this.#post({ type: 'error', id, error: RoundsError.from(thrown).toWire() });
    }
  }

  #dispatch({ call, params }: LibraryRequest): Promise<LibraryCalls[LibraryCallName][1]> {
    // `params` are those of `call`; the compiler does not follow that through the table.
    const method = this.#library[call] as (params: unknown) => Promise<LibraryCalls[LibraryCallName][1]>;
    return method.call(this.#library, params);
  }
}
