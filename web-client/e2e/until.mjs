/** Polls `probe` until it is truthy and returns that; throws naming `what` after `timeoutMs`, or at once on an error marked `final`. */
export async function until(what, probe, timeoutMs = 15_000, stepMs = 50) {
  const deadline = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      if (error.final) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}; last: ${last?.stack ?? JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}
