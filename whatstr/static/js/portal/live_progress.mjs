/**
 * A campaign as it goes on, without reload: asked every two seconds while it moves and somebody looks
 * at the page, and told in no bytes when nothing changed. Asked past the Worker: a page that only watches must not
 * keep the vault from locking.
 */

import { getFresh } from "../vault/http.mjs";

const MOVING_MS = 2000;
const STILL_MS = 10_000;
const AWAY_MS = 5000;
const MOVING = new Set(["running", "queued", "uploading"]);

/** Pages that were opened together do not ask together. */
const spread = (wait) => wait * (0.9 + 0.2 * Math.random());

/**
 * follow({id, take, failed, back}) -> {look()}. `take(campaign)` gets what changed; `failed(error)` is
 * called when asking fails and `back()` when it works again. `look()` asks at once.
 */
export function follow({ id, state, take, failed, back }) {
  let etag = null;
  let moving = MOVING.has(state);
  let away = false;
  let timer;

  async function look() {
    clearTimeout(timer);
    try {
      const fresh = await getFresh(`campaigns/${id}/progress`, etag);
      etag = fresh.etag;
      if (away) back();
      away = false;
      if (fresh.value) {
        moving = MOVING.has(fresh.value.state) && !fresh.value.waiting;
        take(fresh.value);
      }
    } catch (error) {
      away = true;
      failed(error);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(look, spread(away ? AWAY_MS : moving ? MOVING_MS : STILL_MS));
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  look();
  return { look };
}
