// An agent without a login or key: how to hand it one.
import { act, asked } from "../state/agents";
import { Command } from "../ui/Command";
import { StateMark } from "../ui/StateMark";

export function LoginCard({ name }: { name: string }) {
  return (
    <section class="need-card card hue-peach" aria-labelledby="login-title" data-testid="login-card">
      <h2 id="login-title"><StateMark shape="bang" /> {name} needs a key before it can work</h2>
      <p>Its mail waits and nothing is lost. On the swarm's host, hand every agent an API key:</p>
      <Command text="hive secret set anthropic-api-key" />
      <p class="dim">Or only this one: <code class="code">hive secret set anthropic-api-key --agent {name}</code>. A long-lived token works too: <code class="code">claude-oauth-token</code>.</p>
      <button type="button" class="btn" disabled={asked.value[name] !== undefined} onClick={() => void act(name, "check_login")} data-testid="check-login">Look again</button>
    </section>
  );
}
