// Talking to the server: drafts and checks follow the typing, saving is asked for.
import { hourOf } from "../app/clock.js";
import { cookie, debounced, icon, make } from "../app/dom.js";
import { say } from "../app/words.js";

const DRAFT_AFTER = 1500;
const CHECK_AFTER = 600;
const AGAIN_AFTER = 5000;

class Answer extends Error {
  constructor(status, body) {
    super(String(status));
    Object.assign(this, { status, body });
  }
}

export class Saving {
  constructor({ config, form, store, findings, state, checked, refused, stale, elsewhere, gone }) {
    Object.assign(this, { config, form, store, findings, state, checked, refused, stale, elsewhere, gone });
    this.rev = config.rev ?? null;
    this.uid = config.uid ?? null;
    this.over = config.over ?? null;
    this.clean = true;
    this.round = 0;
    this.draft = debounced(() => this.keepDraft(), DRAFT_AFTER);
    this.check = debounced(() => this.runCheck(), CHECK_AFTER);
    addEventListener("beforeunload", (event) => {
      if (!this.clean && !this.leaving) event.preventDefault();
    });
  }

  /** Something was typed. */
  touched() {
    this.clean = false;
    if (this.config.draft_url) this.draft();
    if (this.config.check_url) this.check();
  }

  body(then = "") {
    const header = {};
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string" && name !== "csrfmiddlewaretoken") header[name] = value;
    const { lines, keys } = this.store.posted();
    const reasons = Object.fromEntries(Object.entries(this.findings.reasons).filter(([, { code, text }]) => code || text?.trim()));
    return { keys, json: { ...header, uid: this.uid, rev: this.rev, draft: this.config.draft ?? null, page: this.config.page ?? null, over: this.over, then, warning_reasons: reasons, lines } };
  }

  async post(url, json) {
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(json),
      headers: { "content-type": "application/json", accept: "application/json", "x-csrftoken": cookie(this.config.csrf_cookie) },
      credentials: "same-origin",
      redirect: "manual",
    });
    if (response.type === "opaqueredirect" || response.status === 401) throw new Answer(401, {});
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Answer(response.status, body);
    return body;
  }

  why(error) {
    if (!(error instanceof Answer)) return say("no_connection");
    if (error.status === 401) return say("signed_out");
    if (this.isGone(error)) return say("record_gone");
    return error.body.errors?.[0]?.message ?? say("server_refused", { status: error.status });
  }

  async keepDraft() {
    this.state("saving", say("saving"));
    const at = this.store.rows;
    try {
      const { saved_at } = await this.post(this.config.draft_url, this.body().json);
      this.over = this.config.page ?? null;
      if (this.config.draft) history.replaceState(history.state, "", `?draft=${this.config.draft}`);
      this.clean = at === this.store.rows;
      this.saved(saved_at);
    } catch (error) {
      this.state("bad", say("unsaved", { why: this.why(error) }));
      if (this.isGone(error)) this.gone();
      this.isElsewhere(error);
      if (!(error instanceof Answer)) setTimeout(() => this.draft(), AGAIN_AFTER);
    }
  }

  /** A stored record that the server does not know any more. */
  isGone(error) {
    return error instanceof Answer && error.status === 404 && Boolean(this.uid);
  }

  /** Another window holds the draft: say so beside the grid. */
  isElsewhere(error) {
    const found = error instanceof Answer && error.body.errors?.find(({ rule }) => rule === "DRAFT_ELSEWHERE");
    if (found) this.elsewhere(found);
    return Boolean(found);
  }

  saved(time) {
    const at = time ? new Date(time) : new Date();
    const shown = Number.isNaN(at.valueOf()) ? time : hourOf(at);
    this.state("ok", say("saved_at", { time: shown }));
  }

  async runCheck() {
    const round = ++this.round;
    const { json, keys } = this.body();
    try {
      const { findings } = await this.post(this.config.check_url, json);
      if (round === this.round) this.checked(findings, keys);
    } catch (error) {
      if (error instanceof Answer && error.body.errors && round === this.round) this.checked(error.body.errors, keys);
    }
  }

  /** Give up what was typed here: the draft goes, and the page shows the record as it is now. */
  dropMine() {
    this.leaving = true;
    this.draft.cancel();
    const fields = { csrfmiddlewaretoken: cookie(this.config.csrf_cookie), discard: "1" };
    const form = make("form", { method: "post", hidden: true }, ...Object.entries(fields).map(([name, value]) => make("input", { name, value })));
    document.body.append(form);
    form.submit();
  }

  /** Save for good; `then` says what the server does after it. */
  async save(then = "") {
    if (this.busy) return;
    this.busy = true;
    this.draft.cancel();
    this.check.cancel();
    this.round += 1;
    this.state("saving", say("saving"));
    const { json, keys } = this.body(then);
    try {
      const { uid, rev, redirect } = await this.post(this.config.save_url, json);
      Object.assign(this, { uid, rev, clean: true });
      this.saved();
      if (redirect) {
        this.leaving = true;
        location.assign(redirect);
      }
    } catch (error) {
      this.state("bad", say("unsaved", { why: this.why(error) }));
      if (this.isGone(error)) this.gone();
      else if (error instanceof Answer && error.status === 409 && error.body.changed?.length) this.stale(error.body, then);
      else if (!this.isElsewhere(error) && error instanceof Answer && error.body.errors) this.refused(error.body.errors.map((one) => ({ severity: "E", ...one })), keys);
    } finally {
      this.busy = false;
    }
  }
}
