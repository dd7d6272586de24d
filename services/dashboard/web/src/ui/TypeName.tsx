// The field of a confirmation that takes the name of what is about to go.
interface Props { name: string; value: string; onChange: (value: string) => void; testid: string }

export function TypeName({ name, value, onChange, testid }: Props) {
  return (
    <label>
      <span class="label">Type <b class="mono">{name}</b> to confirm</span>
      <input class="field mono" value={value} onInput={(event) => onChange(event.currentTarget.value)} autocomplete="off" autocapitalize="off" spellcheck={false} autofocus data-testid={testid} />
    </label>
  );
}
