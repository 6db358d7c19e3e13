// Long work in short turns, so that a cancel message is heard and progress is seen.
import { ImportProblem } from "./problem.mjs";

const TURN_MS = 12;

/** Let waiting messages be handled. A port, because nested timers are held to 4 ms each. */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * A pacer: `await pace()` returns at once until the turn is used up, then gives way.
 *
 * @param {AbortSignal} [signal] throws ImportProblem `cancelled` once it is aborted
 * @returns {() => Promise<void>}
 */
export function pacer(signal) {
  let began = performance.now();
  return async () => {
    if (signal?.aborted) throw new ImportProblem("cancelled");
    if (performance.now() - began < TURN_MS) return;
    await nextTurn();
    if (signal?.aborted) throw new ImportProblem("cancelled");
    began = performance.now();
  };
}
