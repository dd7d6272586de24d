// An empty view that says why it is empty.
export function Nothing({ what, why }: { what: string; why: string }) {
  return (
    <div class="empty card" data-testid="nothing">
      <h2>{what}</h2>
      <p>{why}</p>
    </div>
  );
}
