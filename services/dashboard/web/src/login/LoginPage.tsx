// Logging in with the single-use code of a login address, or with one that is pasted.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api";
import { codeFromAddress, login } from "../state/session";
import { Command } from "../ui/Command";
import { ErrorNote } from "../ui/ErrorNote";

/** A pasted address works as well as its code alone. */
const codeIn = (text: string): string => /[#&]code=([^&\s]+)/.exec(text)?.[1] ?? text.trim();

export function LoginPage() {
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const field = useRef<HTMLInputElement>(null);

  const enter = async (given: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await login(given);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      setBusy(false);
      field.current?.focus();
    }
  };

  useEffect(() => {
    const fromAddress = (): void => {
      const given = codeFromAddress();
      if (given) void enter(given);
    };
    fromAddress();
    addEventListener("hashchange", fromAddress);
    return () => removeEventListener("hashchange", fromAddress);
  }, []);

  return (
    <main class="login">
      <form class="card login-card" data-testid="login" onSubmit={(event) => { event.preventDefault(); void enter(codeIn(code)); }}>
        <svg viewBox="0 0 32 32" width="48" height="48" aria-hidden="true" class="login-mark">
          <path fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" d="M16 2.500l11.700 6.750v13.500L16 29.500 4.300 22.750V9.250z" />
          <path fill="currentColor" d="M16 10l5.200 3v6L16 22l-5.200-3v-6z" />
        </svg>
        <h1>hyperhive</h1>
        <p class="dim">Make a login address on the swarm's host and open it:</p>
        <Command text="hive open" />
        <p class="dim">It works once, for ten minutes. Or paste its code here.</p>
        {error && <ErrorNote error={error} />}
        <label>
          <span class="label">Login code</span>
          <input class="field mono" ref={field} value={code} onInput={(event) => setCode(event.currentTarget.value)} autocomplete="one-time-code" spellcheck={false} autofocus data-testid="login-code" />
        </label>
        <button class="btn primary" type="submit" disabled={busy || !code.trim()} data-testid="login-submit">{busy ? "Logging in…" : "Log in"}</button>
      </form>
    </main>
  );
}
