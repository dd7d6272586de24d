// An address that leads nowhere.
export function Missing({ what }: { what: string }) {
  return (
    <div class="empty">
      <h1>Nothing here</h1>
      <p>{what}</p>
      <a class="btn" href="/">To the fleet</a>
    </div>
  );
}
