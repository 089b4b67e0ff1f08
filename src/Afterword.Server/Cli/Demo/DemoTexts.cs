namespace Afterword.Server.Cli.Demo;

/// <summary>What a conversation of the demo was about: how it ended, and what customers had to say about it.</summary>
/// <param name="Tag">What it was about, in a word.</param>
/// <param name="Messages">The last message; {name} is the customer's first name.</param>
/// <param name="Happy">Said with a high score.</param>
/// <param name="Lukewarm">Said with a score in the middle.</param>
/// <param name="Unhappy">Said with a low score.</param>
internal sealed record DemoTopic(string Tag, string[] Messages, string[] Happy, string[] Lukewarm, string[] Unhappy);

internal static class DemoTexts
{
    public static DemoTopic Delivery { get; } = new(
        "delivery",
        [
            "Hi {name}, your delivery is booked for Thursday between 9 and 12. The driver will call half an hour before. Anything else, just write!",
            "Thanks for waiting, {name}. The depot confirmed it: the shelf leaves tonight and should be with you on Wednesday.",
            "Done, {name}: we moved your delivery to Saturday morning, at no extra cost. Have a good week!",
        ],
        [
            "Moved my delivery in two minutes, no questions asked. Thank you!",
            "The driver really did call ahead. That never happens.",
            "Quick and friendly, and the sofa came on the day you said.",
            "Best delivery experience I've had with furniture, honestly.",
            "You saved my Saturday. Thanks, Nora!",
        ],
        [
            "Fine in the end, but three days later than the first date I was given.",
            "Good help here, though the tracking page showed nothing the whole week.",
            "OK. A smaller delivery window would be nice.",
            "Friendly chat, but I had to ask twice for the new date.",
        ],
        [
            "Third date in a row that nobody kept. I took a day off for this.",
            "Waited from 9 to 17 and nobody came. No call, no message.",
            "The parcel is \"out for delivery\" since Monday. Nobody can tell me where it is.",
            "I was told Wednesday. Then Friday. Now it's next week. Please just be honest with us.",
            "Driver left the boxes in the rain in front of the house.",
            "This week was a disaster. Two chats, four promises, no bed.",
        ]);

    /// <summary>Everything but deliveries.</summary>
    public static IReadOnlyList<DemoTopic> Others { get; } =
    [
        new(
            "spare part",
            [
                "The missing screws are on their way, {name}. They come by letter, so no need to stay home. Sorry for the trouble!",
                "Hi {name}, I've sent you a new set of hinges. You can keep the old ones.",
            ],
            [
                "New screws in the letterbox the next day. Brilliant.",
                "Didn't even have to find my receipt. Great service.",
                "Sent a photo, got a spare part. That's how it should be.",
            ],
            [
                "Spare part arrived, but the bag should have been complete in the first place.",
                "Helpful, only the part list in the app is hard to read.",
            ],
            [
                "Second bag with the wrong screws. The wardrobe is still lying on the floor.",
                "Had to type the article number four times to four different people.",
            ]),
        new(
            "damage",
            [
                "I'm sorry about the scratch, {name}. A new table top is ordered, and we take the old one with us when we bring it.",
                "Thank you for the photos, {name}. We'd like to offer you 20 % back if you keep the lamp, or a new one. Just tell us which.",
            ],
            [
                "No discussion about the scratch, a new top within the week. Very fair.",
                "I felt taken seriously. And the replacement is perfect.",
                "Got 20 % back for a mark nobody will ever see. Thank you!",
            ],
            [
                "Solved, but taking six photos from every side was a bit much.",
                "Nice people. The replacement took two weeks, though.",
            ],
            [
                "The replacement has the same scratch in the same place.",
                "You asked me to prove that I didn't do it myself. Not a nice feeling.",
            ]),
        new(
            "refund",
            [
                "Your refund is on its way, {name}. Depending on your bank it takes two to five days. All the best!",
                "Hi {name}, the return label is in your mail. Drop the parcel at any post office, and the money follows within the week.",
            ],
            [
                "Refund was there before I had even sent the parcel back.",
                "Clear, quick, no small print. I'll buy from you again.",
                "Easiest return ever.",
            ],
            [
                "Money came, but only after I asked where it was.",
                "All right. I'd rather have had a choice of couriers.",
            ],
            [
                "Ten days and still no refund. You were quicker to take my money.",
                "Why do I pay for returning something that came broken?",
            ]),
        new(
            "assembly",
            [
                "Glad it stands now, {name}! If a door hangs at an angle, the lower hinge does the trick: half a turn to the left.",
                "That's the right side up, {name}. Enjoy the new desk, and write whenever something wobbles.",
            ],
            [
                "She stayed in the chat until the last screw was in. Wonderful!",
                "The little drawing helped more than the whole manual.",
                "Patient with somebody who can't tell a bolt from a nut. Thanks.",
                "Super nice and my bed no longer squeaks :)",
            ],
            [
                "Worked, but the manual should say that in the first place.",
                "Good tip. Took a while until somebody was there, around 20 min.",
            ],
            [
                "Got a link to the manual I had already quoted. Please read before answering.",
                "Felt like talking to a machine.",
            ]),
        new(
            "advice",
            [
                "With your wall I would take the oak, {name}. Two samples are in the post, so you can see them in daylight.",
                "The Lund in grey is back on the 14th, {name}. I've put your name on one; it's yours until the end of the month.",
            ],
            [
                "Samples came the next day, and the oak really is the one.",
                "Honest advice: you talked me out of the more expensive one!",
                "Loved it. Like asking a friend who knows furniture.",
            ],
            [
                "Helpful, but the colours on the website are quite far off.",
                "Nice chat. I still don't know if it fits through my door.",
            ],
            [
                "Reserved for me, and sold to someone else the next day.",
                "You wrote \"back on the 14th\". It's the 30th.",
            ]),
    ];
}
