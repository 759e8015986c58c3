import { factTypes } from '../../facts/sentence.ts';
import type { Names } from '../../names/names.ts';
import { setParams } from '../../router/location.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Typed } from '../../ui/Typed.tsx';
import { words as shared } from '../../words/en.ts';
import { type Filter, isFiltered, NAMES, NO_FILTER, ROLES } from './filters.ts';
import { words } from './words.ts';

const KINDS = Object.keys(words.kinds) as (keyof typeof words.kinds)[];

/** "pushed usage" out of `addition.usage-pushed`. */
const typeName = (type: string) => type.slice(type.indexOf('.') + 1).replaceAll('-', ' ');

export function Filters({ filter, names }: { filter: Filter; names: Names }) {
  const instant = (name: 'since' | 'until', label: string) => (
    <label>
      <span>{label}</span>
      <Typed
        type="datetime-local"
        step={1}
        value={filter[name]?.slice(0, 19) ?? ''}
        take={(given) => setParams({ [NAMES[name]]: given === '' ? null : new Date(`${given}Z`).toISOString() })}
      />
    </label>
  );
  return (
    <search class="stack" aria-label={words.filters}>
      <div class="filters">
        <label>
          <span>{words.type}</span>
          <select
            value={filter.factType ?? ''}
            onChange={(event) => setParams({ [NAMES.factType]: event.currentTarget.value })}
          >
            <option value="">{words.any}</option>
            {KINDS.map((kind) => (
              <optgroup key={kind} label={words.kinds[kind]}>
                {factTypes
                  .filter((type) => type.startsWith(`${kind}.`))
                  .map((type) => (
                    <option key={type} value={type}>
                      {typeName(type)}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        </label>
        <label>
          <span>{words.who}</span>
          <Typed value={filter.subject ?? ''} take={(given) => setParams({ [NAMES.subject]: given.trim() })} />
        </label>
        <label>
          <span>{words.role}</span>
          <select
            value={filter.role ?? ''}
            onChange={(event) => setParams({ [NAMES.role]: event.currentTarget.value })}
          >
            <option value="">{words.any}</option>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {shared.roles[role]}
              </option>
            ))}
          </select>
        </label>
        {instant('since', words.from)}
        {instant('until', words.to)}
      </div>
      {isFiltered(filter) && (
        <div class="row">
          <Chip
            name="organization"
            label={words.organization}
            value={names.organization(filter.organization) ?? filter.organization}
          />
          <Chip
            name="agreement"
            label={words.agreement}
            value={names.agreement(filter.agreement)?.name ?? filter.agreement}
          />
          <Chip
            name="product"
            label={words.product}
            value={names.product(filter.product)?.identifier ?? filter.product}
          />
          <Chip name="run" label={words.run} value={filter.run?.slice(0, 8) ?? null} />
          <Chip name="requestId" label={words.request} value={filter.requestId?.slice(0, 8) ?? null} />
          <button type="button" class="quiet" onClick={() => setParams(NO_FILTER)}>
            {shared.clearFilters}
          </button>
        </div>
      )}
    </search>
  );
}

/** A filter that came with a link: it is named, and can be taken away. */
function Chip({ name, label, value }: { name: keyof typeof NAMES; label: string; value: string | number | null }) {
  if (value === null) return null;
  const text = words.chip(label, String(value));
  return (
    <button
      type="button"
      class="chip"
      aria-label={words.remove(text)}
      onClick={() => setParams({ [NAMES[name]]: null })}
    >
      {text} <Icon name="cross" />
    </button>
  );
}
