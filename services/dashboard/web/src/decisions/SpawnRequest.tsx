// The operator's own request for an agent: it becomes an approval like any other. Refusals stand beside the field they are about.
import { editRequest, request, requested, requestError, requesting, sendRequest } from "../state/agent_drafts";
import { ErrorNote } from "../ui/ErrorNote";
import { Heading } from "../ui/Heading";

const FORM = /^[a-z][a-z0-9-]{0,30}$/;
const OF_NAME = ["bad_name", "reserved_name", "name_taken", "name_too_long", "port_taken", "draft_in_use"];

export function SpawnRequest() {
  const { name, description } = request.value;
  const error = requestError.value;
  const ofName = error !== null && OF_NAME.includes(error.code);
  const bad = ofName || (name !== "" && !FORM.test(name));
  return (
    <form class="card side-card" data-testid="request-form" onSubmit={(event) => { event.preventDefault(); void sendRequest(); }}>
      <Heading plain="Request an agent" leet="SP4WN" level={2} />
      <label>
        <span class="label">Name</span>
        <input class="field mono" value={name} placeholder="scout" maxLength={64} spellcheck={false} autocomplete="off" autocapitalize="off" aria-invalid={bad} aria-describedby="request-hint"
          onInput={(event) => { requestError.value = null; editRequest({ name: event.currentTarget.value }); }} data-testid="request-name" />
        {ofName
          ? <span id="request-hint" class="hint bad" role="alert" data-testid="request-name-error" data-code={error.code}>{error.message} <code>{error.code}</code></span>
          : <span id="request-hint" class={bad ? "hint bad" : "hint"}>Lower-case letters, digits and dashes, a letter first.</span>}
      </label>
      <label>
        <span class="label">What it is for</span>
        <textarea class="field" rows={2} value={description} onInput={(event) => editRequest({ description: event.currentTarget.value })} data-testid="request-description" />
      </label>
      {error && !ofName && <ErrorNote error={error} />}
      <div class="row">
        <button type="submit" class="btn primary" disabled={requesting.value || !FORM.test(name)} data-testid="request-submit">{requesting.value ? "Asking…" : "Request"}</button>
        {requested.value !== null && <span role="status"><a class="said-link" href={`/decisions?approval=${requested.value}`} data-testid="requested">#{requested.value} waits for your decision</a></span>}
      </div>
    </form>
  );
}
