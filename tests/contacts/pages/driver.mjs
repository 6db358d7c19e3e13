// Hands calls to the Worker and keeps a clock of this thread, to see whether it ever stood still.
const worker = new Worker("/pages/worker.mjs", { type: "module" });
const waiting = new Map();
let last = 0;

worker.onmessage = ({ data }) => {
  const call = waiting.get(data.id);
  if (data.progress) {
    call.progress.push(data.progress);
    if (call.cancelAfter && call.progress.length >= call.cancelAfter) worker.postMessage({ cancel: data.id });
    return;
  }
  waiting.delete(data.id);
  if (data.error) call.resolve({ error: data.error, progress: call.progress });
  else call.resolve({ value: data.value, progress: call.progress });
};
worker.onerror = (event) => {
  document.getElementById("state").textContent = `worker: ${event.message}`;
};

window.call = (op, args, cancelAfter = 0) =>
  new Promise((resolve) => {
    last += 1;
    waiting.set(last, { resolve, progress: [], cancelAfter });
    worker.postMessage({ id: last, op, args });
  });

/** The call, with the longest time for which this thread did not tick. */
window.callWithClock = async (op, args) => {
  const began = performance.now();
  let before = began;
  let longest = 0;
  let ticks = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
    ticks += 1;
  }, 10);
  const answer = await window.call(op, args);
  clearInterval(timer);
  return { ...answer, longest, ticks, took: performance.now() - began };
};

document.getElementById("state").textContent = "ready";
