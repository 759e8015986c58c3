import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A part that is loaded when it is first shown; a part that can not be loaded breaks the page, which then says so. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [, found] = useState<ComponentType<Props> | undefined>(() => known);
    const [failure, fail] = useState<unknown>();
    useEffect(() => {
      if (known !== undefined) {
        // Loaded for another place since this one was drawn.
        found(() => known);
        return;
      }
      load().then((loaded) => {
        known = loaded;
        found(() => loaded);
      }, fail);
    }, []);
    if (failure !== undefined) throw failure;
    const Known = known;
    return Known ? <Known {...props} /> : null;
  };
}
