import { tick } from 'svelte';

/**
 * Tells whether somebody points at an element or moves through it by keyboard: who reads it must not have it turned away.
 * For `{@attach holding((held) => …)}`.
 */
export function holding(tell: (held: boolean) => void): (node: HTMLElement) => () => void {
  return (node) => {
    // What moves loses the focus while it is being drawn, when nothing may change: judge afterwards.
    const judge = async () => {
      await tick();
      tell(node.matches(':hover') || node.contains(document.activeElement));
    };
    const events = ['pointerenter', 'focusin', 'pointerleave', 'focusout'];
    for (const name of events) node.addEventListener(name, judge);
    return () => {
      for (const name of events) node.removeEventListener(name, judge);
    };
  };
}
