/** Every problem has three parts: what happened, what it means for the invoice, how to fix it; and where that is done. */
export type Trouble = {
  readonly what: string;
  readonly means: string;
  readonly cure: string;
  readonly at?: { readonly path: string; readonly label: string };
};
