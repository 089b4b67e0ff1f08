using System.IO.Pipelines;

namespace Afterword.Server.Hosting.Transport;

/// <summary>What a connection says over TLS. It must begin in time; else it reads as ended, and the connection is closed in order.</summary>
/// <remarks>Kestrel waits for the first request as long as for every further one.</remarks>
internal sealed class FirstReadTimeout(IDuplexPipe tls, TimeSpan most) : IDuplexPipe
{
    public PipeReader Input { get; } = new Reader(tls.Input, most);

    public PipeWriter Output => tls.Output;

    private sealed class Reader(PipeReader inner, TimeSpan most) : PipeReader
    {
        private bool _speaks;
        private bool _over;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            _speaks ? inner.ReadAsync(cancellationToken) : ReadFirstAsync(cancellationToken);

        public override bool TryRead(out ReadResult result)
        {
            if (!inner.TryRead(out result)) return false;

            _speaks |= !result.Buffer.IsEmpty;
            return true;
        }

        // The end that is made up has no buffer behind it.
        public override void AdvanceTo(SequencePosition consumed)
        {
            if (!_over) inner.AdvanceTo(consumed);
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            if (!_over) inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private async ValueTask<ReadResult> ReadFirstAsync(CancellationToken stop)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(most);
            try
            {
                var read = await inner.ReadAsync(patience.Token);
                _speaks |= !read.Buffer.IsEmpty;
                return read;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                _over = true;
                return new(buffer: default, isCanceled: false, isCompleted: true);
            }
        }
    }
}
