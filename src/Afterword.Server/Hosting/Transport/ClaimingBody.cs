using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Transport;

/// <summary>A body of unknown length, which claims memory for what has come of it.</summary>
/// <param name="body">The body.</param>
/// <param name="tryClaim">Claims room for as many bytes from the beginning on; false when there is none.</param>
internal sealed class ClaimingBody(Stream body, Func<long, ValueTask<bool>> tryClaim) : Stream
{
    private long _come;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="OverloadedException">There is no room for more. The readers of the framework between here and the route know no other way to say so.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        _come += read;
        return read == 0 || await tryClaim(_come) ? read : throw new OverloadedException("Bodies on their way take all the memory that they may.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
