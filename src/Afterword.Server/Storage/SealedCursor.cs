using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Afterword.Server.Storage;

/// <summary>Numbers that a client carries from page to page, and can neither read nor change.</summary>
internal static class SealedCursor
{
    private const int MaxLength = 1_024;

    extension(IDataProtector seal)
    {
        public string Close(params ReadOnlySpan<long> numbers)
        {
            var bytes = new byte[numbers.Length * sizeof(long)];
            for (var i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * sizeof(long)), numbers[i]);
            return Base64Url.EncodeToString(seal.Protect(bytes));
        }

        /// <param name="cursor">What the client sent.</param>
        /// <param name="numbers">Receives as many numbers as were closed; a cursor with fewer or more is another one.</param>
        /// <returns>False when this store did not make the cursor.</returns>
        public bool TryOpen(string cursor, Span<long> numbers)
        {
            if (cursor.Length > MaxLength || !Base64Url.IsValid(cursor)) return false;
            try
            {
                var bytes = seal.Unprotect(Base64Url.DecodeFromChars(cursor));
                if (bytes.Length != numbers.Length * sizeof(long)) return false;

                for (var i = 0; i < numbers.Length; i++) numbers[i] = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(i * sizeof(long)));
                return true;
            }
            catch (CryptographicException)
            {
                return false;
            }
        }
    }
}
