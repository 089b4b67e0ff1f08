using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;

namespace Afterword.Bench.Contests;

/// <summary>Makes create calls of which no two go from one sender to one recipient, so that no limit refuses any.</summary>
/// <param name="writer">Writes and signs.</param>
/// <param name="users">Its senders take turns.</param>
/// <param name="together">How many senders call at the same time; each file of requests has the next that many.</param>
internal sealed class CreateRequests(RequestWriter writer, SampleUsers users, int together)
{
    private const int Asked = SampleUsers.Recipients / 2;
    private const int FilesPerSender = 16;

    private int _files;

    /// <summary>The maker of the next file.</summary>
    public Func<int, byte[]> Begin()
    {
        var groups = users.Senders.Count / together;
        var (group, block) = (_files % groups, _files / groups);
        _files++;
        var room = groups > 1 ? Asked : Asked / FilesPerSender;
        return i =>
        {
            var place = i / together;
            if (place >= room || (block * room) + place >= Asked) throw new InvalidOperationException("There are not enough recipients for so many requests.");

            return Make(users.Senders[(group * together) + (i % together)], (block * room) + place);
        };
    }

    public byte[] Make(SampleSender sender, int place)
    {
        // 7919 is prime to the number of recipients: they come in a scattered order, as customers do.
        var recipient = (2 * (place * 7919L % Asked)) + 1;
        var number = place.ToString(CultureInfo.InvariantCulture);
        return writer.Post(
            sender.Credentials, "/1.1/feedback/create.json",
            ("type", "nps"),
            ("to_user_id", SampleUsers.RecipientAt(recipient).ToString(CultureInfo.InvariantCulture)),
            ("message", $"Thank you for talking to us today about your order {number}. Would you tell us how we did? It takes a minute and helps a lot."),
            ("privacy_url", "https://shop.example/privacy"),
            ("external_id", $"ticket_{number}"),
            ("question_variant_id", "3"),
            ("display_name", "The Corner Shop"));
    }
}
