import { en } from './text-en.ts';
import { zh } from './text-zh.ts';

export type Lang = 'zh' | 'en';
export type TextKey = keyof typeof zh;

const dictionaries: Record<Lang, Record<TextKey, string>> = { zh, en };

/** The language of the wall; everything that shows text reads it, so that a change is seen at once. */
class Language {
  lang = $state<Lang>('zh');
}
export const language = new Language();

/** The language a page asks for: `?lang=zh|en`, else the browser's; Chinese when that is neither. */
export function chooseLanguage(search: string, preferred: readonly string[]): Lang {
  const asked = new URLSearchParams(search).get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'zh';
}

/** The text of `key` in the wall's language, with `{name}` filled in from `values`. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  const text = dictionaries[language.lang][key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text whose key is made at run time (`kind.venue`), or `fallback` when there is none. */
export function textOr(key: string, fallback: string): string {
  return Object.hasOwn(zh, key) ? t(key as TextKey) : fallback;
}
