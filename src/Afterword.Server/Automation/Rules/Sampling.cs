using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Server.Automation.Rules;

/// <summary>A number in [0, 1), drawn for a conversation: 53 bits, which a double holds exactly.</summary>
/// <param name="Bits">The number times 2 to the power of 53.</param>
internal readonly record struct Draw(long Bits)
{
    private const int Size = 53;

    public double Value => Bits / (double)(1L << Size);

    /// <summary>Draws for a conversation. Whoever has the key can do it again; whoever has not can neither foresee nor steer it.</summary>
    /// <param name="key">The sender's.</param>
    /// <param name="externalId">As it is stored.</param>
    public static Draw Of(ReadOnlySpan<byte> key, string externalId) => Of(key, Encoding.UTF8.GetBytes(externalId));

    /// <inheritdoc cref="Of(ReadOnlySpan{byte}, string)"/>
    public static Draw Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> externalId)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, externalId, hash);
        return new((long)(BinaryPrimitives.ReadUInt64BigEndian(hash) >> (64 - Size)));
    }

    /// <summary>Whether a conversation is in the sample. Whole numbers are compared: nothing is rounded.</summary>
    public bool IsBelow(SamplingRate rate) => (Int128)Bits * SamplingRate.Whole < (Int128)rate.Millionths << Size;
}

/// <summary>Of how many conversations someone is asked, in millionths; 0 to 1,000,000.</summary>
internal readonly record struct SamplingRate(int Millionths)
{
    public const int Whole = 1_000_000;

    public static readonly SamplingRate All = new(Whole);

    public double Value => Millionths / (double)Whole;
}
