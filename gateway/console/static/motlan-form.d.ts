/** `<motlan-form>`: types of its attributes, members and events. Events name fields; values are in `submit` and `draft` alone. */

/** What the portal's page gets when the person submits. */
export interface MotlanSubmit {
  procedure: string;
  /** null where no data could be asked for */
  exchange_id: string | null;
  /** as the form's JSON Schema says; ready for `POST /v1/attest` */
  values: Record<string, unknown>;
  /** evidence that the person refused; the decision is already sent */
  refused: string[];
  /** fields whose value the person reported as wrong; `reported` of `POST /v1/attest` */
  reported: string[];
  /** consent under which `keep` (own data) may be kept, the same each time the form is sent; null: nothing was ticked */
  consent: string | null;
  keep: string[];
  /** code of the paper -> the file that was chosen */
  files: Record<string, File>;
}

export interface MotlanFormEventMap {
  /** the first answer is shown; `fields`: those that a source filled or may fill */
  prefill: CustomEvent<{ exchange_id: string; fields: string[]; pending: boolean }>;
  /** the person changed a field */
  change: CustomEvent<{ field: string }>;
  /** a source answered late */
  late: CustomEvent<{ exchange_id: string; fields: string[]; pending: boolean }>;
  /** the decision about the sources is recorded; counts of evidence */
  decision: CustomEvent<{ exchange_id: string; accepted: number; refused: number }>;
  /** cancelable: `preventDefault()` where the page sends the form itself */
  submit: CustomEvent<MotlanSubmit>;
  /** the person saves a draft (attribute `draft`): what was typed, by field */
  draft: CustomEvent<{ values: Record<string, unknown> }>;
  /** the code of a problem, `unreachable`, `late_lost`, or `no_action`: no `action`, and nothing cancelled `submit` */
  error: CustomEvent<{ code: string }>;
}

/**
 * Attributes: `procedure` (code), `src` (the portal's own server), `lang` (`vi`, `en`), `action` (where the form is posted
 * unless `submit` is cancelled), `draft` (there is a button to save one), `agency` (who receives data under a consent), `heading` (level of its headings, 2),
 * `theme` (`light`, `dark`; else the person's own).
 */
export interface MotlanFormElement extends HTMLElement {
  /** role -> subject, where the portal's server does not know them; asks again */
  subjects: Record<string, unknown> | null;
  /** what was typed, by field (null: taken out); set it to go on from there: asks again */
  draft: Record<string, unknown>;
  /** what would be submitted now */
  readonly values: Record<string, unknown>;
  /** asks again; what was typed is gone */
  reload(): Promise<void>;
  /** errors that the portal found: field -> what is wrong; the title of the field is put before it */
  showErrors(errors: Record<string, string>): void;
  addEventListener<K extends keyof MotlanFormEventMap>(type: K, heard: (event: MotlanFormEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, heard: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "motlan-form": MotlanFormElement;
  }
}
