// What an application writes: the package by its name, a file from the user, a verdict. Tests call it through globalThis.perdure.
import * as auditor from 'perdure/verify';

/** Bytes from base64. */
const bytesOf = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const keysOf = (keys) => keys.map(({ jwk, kid, name }) => ({ key: jwk ? auditor.parseJwk(jwk) : kid, name }));

/** Options as they crossed to this page: checkpoints in base64. */
const optionsOf = ({ keys, checkpoints, logCheckpoints, resume, ...options }) => {
  const note = (one) => ({ ...one, note: bytesOf(one.note) });
  return {
    ...options,
    keys: keysOf(keys),
    checkpoints: checkpoints?.map(note),
    logCheckpoints: logCheckpoints?.map(note),
    resume: resume && note(resume),
  };
};

/** The longest time for which this thread did nothing else, in milliseconds, and how often it was free. */
function watchThread() {
  let last = performance.now();
  let longest = 0;
  let ticks = 0;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    ticks++;
  };
  const timer = setInterval(tick, 4);
  return () => {
    clearInterval(timer);
    tick();
    return { longest, ticks };
  };
}

globalThis.perdure = {
  prepare: (options) => auditor.prepareVerification(options),

  /** Verify bytes, as a Blob or as they are. */
  async bytes(text, { blob = true, ...options }) {
    const bytes = bytesOf(text);
    return auditor.verify(blob ? new Blob([bytes]) : bytes, { name: 'log', ...optionsOf(options) });
  },

  /** Verify the file that the user chose, and say how the page fared meanwhile. */
  async file(options) {
    const [file] = document.querySelector('input').files;
    const stop = watchThread();
    const startedAt = performance.now();
    const verdict = await auditor.verify(file, optionsOf(options));
    return { verdict, ms: performance.now() - startedAt, thread: stop() };
  },

  /** The code of the error that verification ends with. */
  async failure(text, options) {
    try {
      await auditor.verify(bytesOf(text), optionsOf(options));
      return null;
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  },
};
document.body.dataset.ready = 'yes';
