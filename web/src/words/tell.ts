import { pseudo } from './pseudo.ts';

/** Texts, and functions that make one from values. Every text that people read is in such an object. */
export type Words = { readonly [name: string]: string | ((...values: never[]) => string) | Words | undefined };

function isPseudo(): boolean {
  return typeof location !== 'undefined' && new URLSearchParams(location.search).get('lang') === 'pseudo';
}

/** The words of a page or part in the language of the page. `?lang=pseudo` shows each text longer and accented. */
export function tell<W extends Words>(words: W): W {
  return isPseudo() ? (lengthened(words) as W) : words;
}

/** A single text in the language of the page. */
export function say(text: string): string {
  return isPseudo() ? pseudo(text) : text;
}

/** Where a button leads is no text: nobody reads it, and it would lead nowhere. */
const CODES = ['place', 'path'];

function lengthened(words: Words): Words {
  const all = Object.entries(words).map(([name, word]) => {
    if (CODES.includes(name)) return [name, word];
    if (typeof word === 'string') return [name, pseudo(word)];
    if (typeof word === 'function') return [name, (...values: never[]) => pseudo(word(...values))];
    return [name, word && lengthened(word)];
  });
  return Object.fromEntries(all);
}
