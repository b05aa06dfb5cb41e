/** The message files of this folder, which make one chunk of the page. The same text in every language's folder. */
export default import.meta.glob<Record<string, string>>('./*.json', { eager: true, import: 'default' });
