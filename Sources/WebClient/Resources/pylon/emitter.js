// Listeners by name.

export class Emitter {
  #listeners = new Map();

  /** Calls `listener` for every `name` from now on; returns a function that ends it. */
  on(name, listener) {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, listeners = new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Resolves with the next `name`. */
  once(name) {
    return new Promise((resolve) => {
      const end = this.on(name, (value) => { end(); resolve(value); });
    });
  }

  /** Tells the listeners of `name`. One that throws is reported and keeps nobody else from hearing. */
  emit(name, value) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(value);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** As an uncaught exception would be. */
function reportError(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else queueMicrotask(() => { throw error; });
}
